"""Finding things by the name a caller gave."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.errors import NotFound
from monitor.web import lookup
from tests.integration.web.story import V1, trouble

STORES = trouble(datetime(2026, 3, 1, 12, tzinfo=UTC)).stores()


def test_a_version_is_found_by_name_and_by_label():
    """Both lead to the same version."""
    assert lookup.version(STORES, V1) == lookup.version(STORES, "support@v1")


@pytest.mark.parametrize("name", ["support@v9", "support@", "support", "billing@v1", "@", ""])
def test_an_unknown_version_is_not_guessed(name):
    """A family alone or an empty label is no version."""
    with pytest.raises(NotFound):
        lookup.version(STORES, name)


def test_an_unknown_thing_is_answered_with_those_there_are():
    """The message names the way out."""
    with pytest.raises(NotFound, match="there are: support"):
        lookup.deployment(STORES, "suport")
    with pytest.raises(NotFound, match="/api/incidents"):
        lookup.incident(STORES, "nope")
