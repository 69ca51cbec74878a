"""Tests of `monitor.storage.deployments` and of the flip."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import BackstopError, BadRequest, Conflict, NotFound
from monitor.ports.stores import Stores
from rollback.audit_verification import verify
from rollback.deployment import Deployment
from rollback.versions import VersionState
from tests.integration.storage.builders import (
    NOW,
    V1,
    V2,
    V3,
    add_verified,
    incident,
    promotion,
    rollback,
    state,
    version,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def promoted(stores: Stores) -> Stores:
    """V1 was good, its reference is frozen, and V2 has taken its place at epoch 2."""
    stores.deployments.ensure("support")
    for name, label in ((V1, "v1"), (V2, "v2"), (V3, "v3")):
        add_verified(stores, version(name, label))
    stores.deployments.flip(promotion(V1, None, 0))
    stores.evidence.save_reference(V1, "support", b"scores", 150, NOW)
    stores.deployments.flip(promotion(V2, V1, 1))
    return stores


def _states(stores: Stores) -> dict[str, VersionState]:
    return {found.label: found.state for found in stores.registry.versions()}


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_new_deployment_serves_the_base_model(stores: Stores) -> None:
    """Asking for a deployment makes it once."""
    assert stores.deployments.ensure("support") == Deployment(name="support")
    stores.deployments.ensure("support")
    stores.deployments.ensure("a")
    assert [found.name for found in stores.deployments.all()] == ["a", "support"]


def test_a_promotion_moves_pointer_and_states(promoted: Stores) -> None:
    """The new version is active, the old one its baseline, and the epoch has grown."""
    (found,) = promoted.deployments.all()
    assert (found.active, found.baseline, found.epoch) == (V2, V1, 2)
    assert (found.promoted_at, found.confirmed) == (NOW, False)
    assert _states(promoted)["v1"] is VersionState.BASELINE
    assert _states(promoted)["v2"] is VersionState.ACTIVE


def test_a_rollback_writes_everything_at_once(promoted: Stores, engine: Engine) -> None:
    """Pointer, states, incident, rollback, notice and audit row are written together."""
    promoted.evidence.save([], [state(3, epoch=2)], {})
    after = promoted.deployments.flip(rollback(2))
    assert (after.active, after.baseline, after.epoch) == (V1, None, 3)
    assert _states(promoted)["v1"] is VersionState.ACTIVE
    assert _states(promoted)["v2"] is VersionState.QUARANTINED
    assert promoted.incidents.unfinished() == [incident(1, epoch=3)]
    assert [_count(engine, table) for table in ("rollbacks", "outbox")] == [1, 1]
    assert promoted.evidence.judge_state("support") is None
    rows = list(promoted.audit.rows())
    assert rows[-1].action == "deployment.rollback"
    assert rows[-1].payload["evidence"] == {"evidence": "Infinity"}
    assert verify(rows).intact


def test_the_version_that_comes_back_is_confirmed(promoted: Stores) -> None:
    """A version with a frozen reference has shown itself good in this traffic before."""
    assert promoted.deployments.flip(rollback(2)).confirmed


def test_a_repeated_rollback_changes_nothing(promoted: Stores, engine: Engine) -> None:
    """A flip whose incident is stored answers with the pointer as it is."""
    first = promoted.deployments.flip(rollback(2))
    assert promoted.deployments.flip(rollback(2)) == first
    assert [_count(engine, table) for table in ("rollbacks", "outbox", "incidents")] == [1, 1, 1]


def test_a_stale_epoch_is_a_conflict(promoted: Stores, engine: Engine) -> None:
    """Who decided on an older state of the pointer changes nothing."""
    before = _count(engine, "audit_log")
    with pytest.raises(Conflict, match="at epoch 2, not 1"):
        promoted.deployments.flip(promotion(V3, V2, 1))
    assert _count(engine, "audit_log") == before


def test_one_of_many_flips_at_a_time_wins(promoted: Stores, engine: Engine) -> None:
    """Of eight rollbacks decided at once, one is done and the others are conflicts."""
    conflicts: list[BackstopError] = []
    start = threading.Barrier(8)

    def flip(number: int) -> None:
        start.wait()
        try:
            promoted.deployments.flip(rollback(2, number))
        except Conflict as error:
            conflicts.append(error)

    threads = [threading.Thread(target=flip, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(conflicts) == 7
    assert _count(engine, "rollbacks") == _count(engine, "incidents") == 1
    assert verify(promoted.audit.rows()).intact


def test_a_quarantined_version_cannot_be_promoted(promoted: Stores, engine: Engine) -> None:
    """The refusal says how a person releases it, and nothing is written."""
    promoted.deployments.flip(rollback(2))
    with pytest.raises(Conflict, match=r"quarantined.*release"):
        promoted.deployments.flip(promotion(V2, V1, 3, incident=incident(9)))
    assert _count(engine, "incidents") == 1
    assert promoted.deployments.ensure("support").epoch == 3


def test_an_unverified_version_cannot_be_promoted(promoted: Stores) -> None:
    """A version without a fingerprint could not be proved to serve."""
    fresh = version("support@444444444444", "v4")
    promoted.registry.add(fresh, actor="ann")
    with pytest.raises(Conflict, match="registered and cannot become active"):
        promoted.deployments.flip(promotion(fresh.name, V2, 2))


def test_unknown_names_are_not_found(promoted: Stores) -> None:
    """An unknown deployment or version is named in the refusal."""
    with pytest.raises(NotFound, match="nothing"):
        promoted.deployments.flip(replace(promotion(V1, None, 0), deployment="nothing"))
    with pytest.raises(NotFound, match="support@999999999999"):
        promoted.deployments.flip(promotion("support@999999999999", None, 2))


def test_a_version_that_serves_elsewhere_is_not_retired(promoted: Stores) -> None:
    """Retiring a version in one deployment leaves it active for the other."""
    promoted.deployments.ensure("sales")
    promoted.deployments.flip(replace(promotion(V2, None, 0), deployment="sales"))
    promoted.deployments.flip(promotion(V3, V2, 2))
    assert _states(promoted)["v2"] is VersionState.ACTIVE


def test_a_baseline_that_nobody_falls_back_to_is_retired(promoted: Stores) -> None:
    """The confirmed version takes its place."""
    promoted.evidence.save_reference(V2, "support", b"scores", 150, NOW)
    promoted.deployments.flip(promotion(V3, V2, 2))
    found = _states(promoted)
    assert (found["v1"], found["v2"]) == (VersionState.RETIRED, VersionState.BASELINE)


def test_a_released_baseline_holds_no_flip_up(promoted: Stores) -> None:
    """It was quarantined and released while it was the baseline: the next promotion goes through."""
    for to in (VersionState.QUARANTINED, VersionState.VERIFIED):
        promoted.registry.move(V1, to, actor="ann", reason="a false alarm", at=NOW)
    assert promoted.deployments.flip(promotion(V3, V1, 2)).baseline == V1
    assert _states(promoted)["v1"] is VersionState.VERIFIED
    assert promoted.deployments.flip(promotion(V1, V3, 3)).active == V1
    assert _states(promoted)["v1"] is VersionState.ACTIVE


def test_a_candidate_without_a_share_is_verified_again(promoted: Stores) -> None:
    """It has not served; one that has keeps to that."""
    _share(promoted)
    _share(promoted, candidate=V1)
    found = _states(promoted)
    assert (found["v3"], found["v1"]) == (VersionState.VERIFIED, VersionState.BASELINE)


def test_a_freeze_lasts_until_somebody_thaws(promoted: Stores) -> None:
    """A flip without a word about it leaves a deployment frozen; an empty text thaws it."""
    frozen = promoted.deployments.amend(
        "support", expected_epoch=2, actor="backstop", reason="r", at=NOW, frozen="too often"
    )
    assert (frozen.frozen, frozen.epoch) == ("too often", 2)
    assert promoted.deployments.flip(promotion(V3, V1, 2)).frozen == "too often"
    thawed = promoted.deployments.amend(
        "support", expected_epoch=3, actor="ann", reason="looked", at=NOW, frozen=""
    )
    assert thawed.frozen is None


def test_a_confirmation_is_audited_once(promoted: Stores, engine: Engine) -> None:
    """Confirming twice writes one row."""
    before = _count(engine, "audit_log")
    for _ in range(2):
        found = promoted.deployments.amend(
            "support", expected_epoch=2, actor="backstop", reason="r", at=NOW, confirmed=True
        )
        assert found.confirmed
    assert _count(engine, "audit_log") == before + 1


def _share(stores: Stores, **changes: object) -> Deployment:
    asked: dict[str, object] = {
        "expected_epoch": 2,
        "candidate": V3,
        "candidate_share": 0.1,
        "shadow_rate": 0.25,
        "actor": "ann",
        "reason": "try it",
        "at": NOW,
    }
    return stores.deployments.share("support", **{**asked, **changes})  # type: ignore[arg-type]


def test_a_candidate_gets_a_share(promoted: Stores) -> None:
    """The epoch stays, the revision grows, the version is a candidate, and a row says so."""
    (before,) = promoted.deployments.all()
    after = _share(promoted)
    assert promoted.deployments.all() == [after]
    assert after == replace(
        before, candidate=V3, candidate_share=0.1, shadow_rate=0.25, revision=before.revision + 1
    )
    assert _states(promoted)["v3"] is VersionState.CANDIDATE
    row = list(promoted.audit.rows())[-1]
    assert (row.action, row.subject) == ("deployment.share", "support")
    assert (row.payload["candidate"], row.payload["reason"]) == (V3, "try it")


def test_a_share_that_is_given_already_changes_nothing(promoted: Stores, engine: Engine) -> None:
    """Neither the revision nor the audit log grows."""
    first = _share(promoted)
    rows = _count(engine, "audit_log")
    assert _share(promoted) == first
    assert _count(engine, "audit_log") == rows


def test_a_flip_takes_the_candidate_away(promoted: Stores) -> None:
    """The rate of shadows stays; who is asked has changed, so the revision grows."""
    shared = _share(promoted)
    after = promoted.deployments.flip(rollback(2))
    assert (after.candidate, after.candidate_share, after.shadow_rate) == (None, 0.0, 0.25)
    assert after.revision == shared.revision + 1


def test_an_amendment_is_no_revision(promoted: Stores) -> None:
    """Confirming a version changes nobody's way."""
    shared = _share(promoted)
    amended = promoted.deployments.amend(
        "support", expected_epoch=2, actor="backstop", reason="r", at=NOW, confirmed=True
    )
    assert amended == replace(shared, confirmed=True)


def test_a_version_in_quarantine_is_nobodys_candidate(promoted: Stores) -> None:
    """It loses its share at once, and gets none until it is released."""
    shared = _share(promoted)
    promoted.registry.move(V3, VersionState.QUARANTINED, actor="ann", reason="harm", at=NOW)
    (found,) = promoted.deployments.all()
    assert (found.candidate, found.candidate_share) == (None, 0.0)
    assert found.revision == shared.revision + 1
    with pytest.raises(Conflict, match=r"quarantined.*release"):
        _share(promoted)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"expected_epoch": 1}, Conflict),
        ({"candidate": "support@999999999999"}, NotFound),
        ({"candidate_share": 1.5}, BadRequest),
        ({"shadow_rate": float("nan")}, BadRequest),
    ],
)
def test_a_share_that_cannot_be_given_changes_nothing(
    promoted: Stores, engine: Engine, changes: dict[str, object], error: type[BackstopError]
) -> None:
    """Another epoch, an unknown version and a share outside of [0, 1] are refused."""
    before = promoted.deployments.all()
    rows = _count(engine, "audit_log")
    with pytest.raises(error):
        _share(promoted, **changes)
    assert promoted.deployments.all() == before
    assert _count(engine, "audit_log") == rows
