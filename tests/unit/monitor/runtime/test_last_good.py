"""Tests of `monitor.runtime.last_good`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from monitor.runtime import own_rollback
from monitor.runtime.last_good import Kept, KeptInFile, LastGood
from rollback.decision import RollBack
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion, VersionState

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_V1, _V2 = "support@111111111111", "support@222222222222"


def _version(name: str, state: VersionState) -> AdapterVersion:
    return AdapterVersion(name=name, label="", state=state, manifest={}, created_at=_NOW)


_KNOWN = LastGood(
    deployment=Deployment(name="support", active=_V2, baseline=_V1, epoch=2, promoted_at=_NOW),
    versions=(_version(_V1, VersionState.BASELINE), _version(_V2, VersionState.ACTIVE)),
    rollbacks=(),
    read_at=_NOW,
)
_ACT = own_rollback.act_of(_KNOWN.deployment, RollBack(to=_V1, reason="faults"), _NOW)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """Known deployments and acts, to the last field."""
    kept = Kept(known={"support": _KNOWN}, acts=(_ACT,))
    KeptInFile(tmp_path / "kept.json").save(kept)
    found = KeptInFile(tmp_path / "kept.json").load()
    assert (dict(found.known), tuple(found.acts)) == ({"support": _KNOWN}, (_ACT,))


def test_nothing_and_damage_are_read_as_nothing(tmp_path: Path) -> None:
    """A replica starts all the same."""
    file = tmp_path / "kept.json"
    assert KeptInFile(file).load() == Kept()
    file.write_text("{half")
    assert KeptInFile(file).load() == Kept()


def test_after_an_act_the_bad_version_is_out() -> None:
    """The next epoch serves the target, and the act counts among the rollbacks."""
    after = _KNOWN.after(_ACT)
    assert (after.deployment.active, after.deployment.epoch) == (_V1, 3)
    assert {v.name: v.state for v in after.versions}[_V2] is VersionState.QUARANTINED
    assert after.rollbacks == (_NOW,)


def test_the_same_act_has_the_same_incident() -> None:
    """Whoever does it, and whenever: so two replicas have one."""
    later = _NOW.replace(hour=1)
    again = own_rollback.act_of(_KNOWN.deployment, RollBack(to=_V1, reason="faults"), later)
    assert again.incident.id == _ACT.incident.id
