"""The versions that the rollback dialog offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from monitor.web.pages.rollback_dialog import targets
from rollback.versions import VersionState
from tests.integration.web.story import V0, V1, trouble

MEMORY = trouble(datetime(2026, 3, 1, 12, tzinfo=UTC))
POINTER = MEMORY.pointers["support"]


def test_a_quarantined_version_is_never_offered():
    """What did harm is released first; the baseline has an entry of its own."""
    assert targets(POINTER, MEMORY.adapters) == []


def test_a_version_that_served_well_is_offered():
    """A retired or verified version of the family may come back."""
    released = [
        replace(v, state=VersionState.VERIFIED) if v.name == V0 else v for v in MEMORY.adapters
    ]
    assert [version.name for version in targets(POINTER, released)] == [V0]
    alone = replace(POINTER, baseline=None)
    assert [version.name for version in targets(alone, released)] == [V0, V1]


def test_another_family_is_not_offered():
    """A version made for another task would be worse than the fault."""
    foreign = replace(MEMORY.adapters[1], name="billing@3f9a2c1d7b04")
    assert targets(POINTER, [foreign]) == []
