"""Finding things by the name a caller gave."""

from __future__ import annotations

import pytest

from monitor.errors import NotFound
from monitor.ports.stores import Stores
from monitor.web import lookup
from tests.integration.web.serving import now
from tests.integration.web.story import V1, trouble

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _story(stores: Stores) -> None:
    trouble(stores, now())


def test_a_version_is_found_by_name_and_by_label(stores: Stores) -> None:
    """Both lead to the same version."""
    assert lookup.version(stores, V1) == lookup.version(stores, "support@v1")


def test_an_unknown_version_is_not_guessed(stores: Stores) -> None:
    """A family alone or an empty label is no version."""
    for name in ("support@v9", "support@", "support", "billing@v1", "@", "", "support@\0"):
        with pytest.raises(NotFound):
            lookup.version(stores, name)


def test_an_unknown_deployment_is_answered_with_those_there_are(stores: Stores) -> None:
    """The message names the way out."""
    with pytest.raises(NotFound, match="there are: support"):
        lookup.deployment(stores, "suport")
