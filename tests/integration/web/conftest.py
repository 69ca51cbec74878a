"""A running service in the middle of its story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.web import serving


@pytest.fixture
def service() -> Iterator[serving.Service]:
    """Return a service of which v2 is active and suspected."""
    with serving.service() as running:
        yield running
