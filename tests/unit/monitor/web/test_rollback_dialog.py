"""The versions that the rollback dialog offers."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.web.pages.rollback_dialog import targets
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion, VersionState

V0, V1, V2 = "support@0aa1b2c3d4e5", "support@3f9a2c1d7b04", "support@b81e02d95c3a"
POINTER = Deployment(name="support", active=V2, baseline=V1, epoch=4)
NO_BASELINE = Deployment(name="support", active=V2, epoch=4)


def version(name: str, state: VersionState) -> AdapterVersion:
    """Return a version in a state."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return AdapterVersion(name=name, label="", state=state, manifest={}, created_at=at)


ACTIVE, BASELINE = version(V2, VersionState.ACTIVE), version(V1, VersionState.RETIRED)


def test_a_quarantined_version_is_never_offered():
    """What did harm is released first; the baseline has an entry of its own."""
    assert targets(POINTER, [ACTIVE, BASELINE, version(V0, VersionState.QUARANTINED)]) == []


def test_a_version_that_served_well_is_offered():
    """A retired version of the family may come back; one that never served is promoted."""
    served, waiting = version(V0, VersionState.RETIRED), version(V0, VersionState.VERIFIED)
    assert targets(POINTER, [ACTIVE, BASELINE, served]) == [served]
    assert targets(NO_BASELINE, [ACTIVE, BASELINE, served]) == [BASELINE, served]
    assert targets(POINTER, [ACTIVE, BASELINE, waiting]) == []


def test_another_family_is_not_offered():
    """A version made for another task would be worse than the fault."""
    assert targets(POINTER, [version("billing@3f9a2c1d7b04", VersionState.RETIRED)]) == []
