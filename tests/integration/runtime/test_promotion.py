"""Promotion through the operator's actions, on Postgres."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.engine import Engine

from guards.verdicts import Verdict
from monitor.errors import Conflict, EngineError, GateRefused, NotFound
from monitor.ports.stores import Stores
from monitor.runtime.freezes import Freezes
from monitor.runtime.promotion import Wish
from monitor.storage.stores import open_stores
from rollback.decision import Freeze
from rollback.versions import VersionState
from tests.integration.runtime.house import (
    NAME,
    POLICY,
    V1,
    V2,
    V3,
    Answers,
    Folders,
    House,
    build,
    import_golden,
    register,
)

pytestmark = pytest.mark.integration


def state_of(stores: Stores, name: str) -> VersionState:
    """Return a version's stored state."""
    return next(v.state for v in stores.registry.versions() if v.name == name)


async def test_a_version_that_passes_the_gate_serves(house: House) -> None:
    """The pointer, the route and the version's state all follow."""
    moved = await house.promote("support@v1")
    assert (moved.active, moved.baseline, moved.epoch) == (V1, None, 1)
    assert house.loop.router.table.find(NAME).active == V1
    assert state_of(house.stores, V1) is VersionState.ACTIVE


async def test_the_version_before_becomes_baseline_and_retires(house: House) -> None:
    """The second promotion keeps what it replaced to fall back to."""
    await house.promote(V1)
    moved = await house.promote(V3)
    assert (moved.active, moved.baseline) == (V3, V1)
    assert state_of(house.stores, V1) is VersionState.BASELINE


async def test_a_worse_version_is_refused_and_nothing_moves(house: House) -> None:
    """The refusal carries the run's numbers and stands in the audit trail."""
    await house.promote(V1)
    with pytest.raises(GateRefused, match="shows harm") as refused:
        await house.promote(V2)
    assert refused.value.numbers["subject_mean"] == 0.0
    assert (await house.deployment()).active == V1
    assert [row.action for row in house.stores.audit.rows()][-1] == "promotion refused"


async def test_a_forced_promotion_serves_and_is_recorded(house: House) -> None:
    """The audit row says that it was forced, and the notice is a warning."""
    await house.promote(V1)
    assert (await house.promote(V2, force=True)).active == V2
    last = list(house.stores.audit.rows())[-1]
    assert (last.action, last.payload["forced"]) == ("deployment.promote", True)
    await house.tell()
    forced = [notice for notice in house.pager.notices if "forced" in notice.title]
    assert [notice.severity for notice in forced] == ["warning"]


async def test_too_few_cases_refuse_and_can_be_forced(house: House) -> None:
    """An inconclusive run is no pass."""
    import_golden(house.stores, cases=5)
    with pytest.raises(GateRefused, match="too few cases"):
        await house.promote(V1)
    assert (await house.promote(V1, force=True)).active == V1


async def test_a_missing_golden_set_refuses(engine: Engine, folders: Folders) -> None:
    """Nothing is known, so nothing passes by itself; the numbers say what is missing."""
    stores = open_stores(engine, folders)
    register(stores, V1)
    house = build(stores)
    with pytest.raises(GateRefused) as refused:
        await house.promote(V1)
    await house.close()
    assert "no golden set" in refused.value.numbers["sentence"]


async def test_a_critical_case_alone_refuses(house: House) -> None:
    """One failed critical case is enough, and it is named."""
    import_golden(house.stores, critical=True)
    with pytest.raises(GateRefused, match="case-"):
        await house.promote(V2)


async def test_an_engine_that_breaks_off_refuses(house: House, answers: Answers) -> None:
    """A version that gives no answers does not even get a fingerprint."""
    answers.broken.add(V1)
    with pytest.raises(EngineError, match="gives no answer"):
        await house.promote(V1)
    assert state_of(house.stores, V1) is VersionState.REGISTERED


async def test_a_version_without_effect_is_refused(house: House, answers: Answers) -> None:
    """An adapter whose keys did not match answers exactly as the base model does."""
    answers.weights[V1] = answers.weights[None]
    with pytest.raises(EngineError, match="weights have no effect"):
        await house.promote(V1)


async def test_a_version_that_changed_since_its_verification_is_refused(
    house: House, answers: Answers
) -> None:
    """The stored fingerprint is the measure."""
    await house.promote(V1)
    await house.promote(V3)
    answers.weights[V1] = ["yes", "yes", "yes", "yes", "yes"]
    with pytest.raises(EngineError, match="as it did when it was verified"):
        await house.promote(V1)


async def test_a_quarantined_version_needs_a_release(house: House) -> None:
    """Not even force lets it pass before."""
    await house.operations.quarantine(V1, actor="ann", reason="leaks names")
    with pytest.raises(Conflict, match="leaks names"):
        await house.promote(V1, force=True)
    await house.operations.release(V1, actor="ann", reason="false alarm")
    assert (await house.promote(V1)).active == V1


async def test_the_active_version_cannot_be_promoted_again(house: House) -> None:
    """It serves already."""
    await house.promote(V1)
    with pytest.raises(Conflict, match="already"):
        await house.promote(V1)


async def test_of_two_promotions_at_once_one_moves_the_pointer(house: House) -> None:
    """Both saw the same pointer; the other one is told that somebody was faster."""
    await house.promote(V1)
    seen = await house.deployment()
    wishes = [
        Wish(
            version=await house.loop.versions.find(name),
            deployment=seen,
            force=True,
            actor="ann",
            reason="a test",
        )
        for name in (V2, V3)
    ]
    results = await asyncio.gather(
        *(house.loop.promotion.promote(wish, POLICY) for wish in wishes), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Deployment"]
    assert (await house.deployment()).epoch == 2


async def test_a_promotion_thaws(house: House) -> None:
    """A person decided anew, so what froze the deployment is settled."""
    await house.promote(V1)
    freezes = Freezes(house.stores, "http://127.0.0.1/")
    await freezes.freeze(await house.deployment(), Freeze(reason="too many"), actor="backstop")
    assert (await house.deployment()).frozen == "too many"
    assert (await house.promote(V3)).frozen is None


async def test_an_unknown_version_or_deployment_is_told_the_known_ones(house: House) -> None:
    """The message lists what there is."""
    with pytest.raises(NotFound, match="support@v1"):
        await house.promote("support@v9")
    with pytest.raises(NotFound, match="known are support"):
        await house.operations.promote(V1, deployment="suport", force=False, actor="ann", reason="")


async def test_the_gates_run_is_kept(house: House) -> None:
    """The run that let a version pass can be read afterwards."""
    await house.promote(V1)
    run = house.stores.golden.runs(NAME)[0]
    assert (run.cause, run.subject, run.verdict) == ("gate", V1, Verdict.OK)
