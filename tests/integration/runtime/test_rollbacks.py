"""Rollbacks: flip, converge, prove, tell; each once, whoever is killed where."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.engines.memory import MemoryEngine
from monitor.errors import BadAdapter, Conflict
from rollback import audit_verification
from rollback.incident import Incident, Phase
from rollback.versions import VersionState
from tests.integration.runtime.house import NAME, V1, V2, V3, Answers, Folders, House, build
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def bad(house: House) -> House:
    """A house in which v1 was replaced by the bad v2, by force."""
    await house.promote(V1)
    await house.promote(V2, force=True)
    await house.tick()
    return house


async def by_hand(house: House, to: str | None = None) -> Incident:
    """Roll back as an operator."""
    return await house.operations.roll_back(NAME, to=to, actor="ann", reason="wrong prices")


def rows(engine: Engine, table: str) -> int:
    """Count a table's rows."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


async def test_faults_of_the_live_version_bring_the_baseline_back(bad: House) -> None:
    """From broken answers alone: flip, convergence, proof, one notice, the exposure counted."""
    await bad.serve(60, broken=True)
    await bad.tick()
    (incident,) = await bad.incidents()
    assert (incident.from_version, incident.to_version) == (V2, V1)
    assert incident.phase is Phase.PROVED
    assert incident.exposure == 60
    moments = [incident.decided_at, incident.flipped_at, incident.converged_at, incident.proved_at]
    assert moments == sorted(moment for moment in moments if moment is not None)
    assert bad.loop.router.table.find(NAME).active == V1
    assert incident.id in await bad.tell()


async def test_one_rollback_leaves_one_row_of_each_kind(bad: House, engine: Engine) -> None:
    """Further ticks change nothing, and the audit trail is whole."""
    await bad.serve(60, broken=True)
    for _ in range(3):
        await bad.tick()
    told = await bad.tell()
    (incident,) = await bad.incidents()
    assert (rows(engine, "rollbacks"), told.count(incident.id)) == (1, 1)
    assert audit_verification.verify(bad.stores.audit.rows()).tampering is None
    assert rows(engine, "incidents") == 1


async def test_the_bad_version_is_quarantined_and_leaves_the_engine(bad: House) -> None:
    """It stays out until a person releases it."""
    await bad.serve(60, broken=True)
    await bad.tick()
    await bad.tick()
    version = next(v for v in bad.stores.registry.versions() if v.name == V2)
    assert version.state is VersionState.QUARANTINED
    assert V2 not in await bad.engine.loaded()


async def test_the_evidence_of_the_old_version_does_not_touch_the_new_one(bad: House) -> None:
    """After the flip a judge begins anew: the version that came back is not blamed."""
    await bad.serve(60, broken=True)
    await bad.tick()
    await bad.serve(100)
    await bad.tick()
    assert (await bad.deployment()).epoch == 3
    assert len(await bad.incidents()) == 1


async def test_other_weights_leave_the_rollback_unproved(bad: House, answers: Answers) -> None:
    """The pointer has moved, but the engine answers as somebody else: a person is told so."""
    answers.weights[V1] = ["maybe", "not"]
    incident = await by_hand(bad)
    assert (incident.phase, incident.proved_at) == (Phase.UNPROVED, None)
    await bad.tell()
    notice = next(n for n in bad.pager.notices if n.id == incident.id)
    assert (notice.kind, "other weights" in notice.facts["proof"]) == ("unproved", True)


async def test_an_engine_that_fails_leaves_the_rollback_unproved(
    bad: House, answers: Answers
) -> None:
    """An error of the version is no proof of it."""
    answers.broken.add(V1)
    incident = await by_hand(bad)
    assert incident.phase is Phase.UNPROVED


async def test_a_replica_that_lags_holds_the_incident_at_flipped(bad: House) -> None:
    """Convergence means every live replica; once it has acknowledged, the steps go on."""
    acknowledge = bad.stores.acknowledgements.acknowledge
    acknowledge("slow", {NAME: 2}, datetime.now(UTC))
    incident = await by_hand(bad)
    assert incident.phase is Phase.FLIPPED
    acknowledge("slow", {NAME: 3}, datetime.now(UTC))
    await bad.tick()
    assert (await bad.incidents())[0].phase is Phase.PROVED


async def test_a_replica_follows_at_its_next_tick(bad: House) -> None:
    """It need not lead for that."""
    other = build(bad.stores, replica="replica-2")
    await other.control.tick()
    assert other.loop.router.table.find(NAME).active == V2
    await by_hand(bad)
    await other.control.tick()
    assert other.loop.router.table.find(NAME).active == V1
    await other.close()


async def test_finishing_again_changes_nothing(bad: House) -> None:
    """Each step is taken once, and the moments of the first time stand."""
    first = await by_hand(bad)
    assert await bad.loop.rollbacks.finish(first) == first
    flipped = Incident(**{**_fields(first), "phase": Phase.FLIPPED, "converged_at": None})
    assert await bad.loop.rollbacks.finish(flipped) == first


def _fields(incident: Incident) -> dict[str, object]:
    return {name: getattr(incident, name) for name in Incident.__dataclass_fields__}


async def test_a_kill_after_the_flip_is_repaired_by_the_next_life(
    bad: House, engine: Engine, folders: Folders
) -> None:
    """The proof hangs, the process is killed, another one finishes; one of everything."""
    hanging_engine = MemoryEngine(Answers(), asyncio.Semaphore(0))
    hanging = build(bad.stores, engine=hanging_engine)
    await hanging.loop.convergence.converge()
    for name in (V1, V2):
        await hanging.engine.load(name, folders.folder(name))
    rolling = asyncio.create_task(by_hand(hanging))
    await until(lambda: hanging_engine.busy.is_set())
    assert (await hanging.incidents())[0].phase is Phase.CONVERGED
    rolling.cancel()
    await asyncio.gather(rolling, return_exceptions=True)
    await hanging.close()

    next_life = build(bad.stores)
    await next_life.tick()
    await next_life.tick()
    (incident,) = await next_life.incidents()
    assert incident.phase is Phase.PROVED
    assert incident.id in await next_life.tell()
    assert rows(engine, "rollbacks") == 1
    await next_life.close()


async def test_a_crossing_survives_a_kill_before_the_flip(bad: House) -> None:
    """Evidence that fell again is still evidence that reached the line."""
    await bad.serve(60, broken=True)
    await bad.serve(400)
    await bad.close()
    next_life = build(bad.stores)
    await next_life.tick()
    await next_life.tick()
    assert (await next_life.deployment()).active == V1
    await next_life.close()


async def test_while_a_gate_run_goes_on_a_rollback_is_not_held_up(bad: House) -> None:
    """A promotion that waits for its golden run holds nothing that a rollback needs."""
    pace = asyncio.Semaphore(10_000)
    engine = MemoryEngine(Answers(), pace)
    slow = build(bad.stores, engine=engine, replica="replica-1")
    await slow.tick()
    await slow.tick()
    taken = [await pace.acquire() for _ in range(pace._value)]
    promoting = asyncio.create_task(slow.promote(V3))
    await engine.busy.wait()
    await slow.serve(60, broken=True)
    await slow.loop.leadership.renew()
    await slow.control.tick()
    assert (await slow.deployment()).active == V1
    for _ in taken:
        pace.release()
    with pytest.raises(Conflict):
        await promoting
    await slow.close()


async def test_a_target_that_is_not_loaded_is_loaded_first(bad: House) -> None:
    """A retired version may have left the engine; nobody is routed to it before it is back."""
    await bad.engine.unload(V1)
    incident = await by_hand(bad)
    assert incident.phase is Phase.PROVED


async def test_a_target_that_does_not_load_freezes_instead(bad: House, folders: Folders) -> None:
    """Answers of a bad version are better than none: a person is called, nothing moves."""
    await bad.engine.unload(V1)
    folders.gone.add(V1)
    await bad.serve(60, broken=True)
    await bad.tick()
    deployment = await bad.deployment()
    assert deployment.active == V2
    assert deployment.frozen is not None
    assert "files are gone" in deployment.frozen
    with pytest.raises(BadAdapter):
        await by_hand(bad)


async def test_a_rollback_by_hand_may_name_its_target(bad: House) -> None:
    """Only a verified version may serve, and not the one that does."""
    with pytest.raises(Conflict, match="registered"):
        await by_hand(bad, to=V3)
    with pytest.raises(Conflict, match="already"):
        await by_hand(bad, to=V2)
    assert (await by_hand(bad, to="support@v1")).to_version == V1


async def test_the_base_model_cannot_be_rolled_back(house: House) -> None:
    """There is nothing beneath it."""
    with pytest.raises(Conflict, match="base model"):
        await by_hand(house)


async def test_without_a_baseline_a_person_may_go_back_to_the_base_model(house: House) -> None:
    """The first version has nothing else beneath it; the proof is the base model's own."""
    await house.promote(V1)
    incident = await by_hand(house, to="base")
    assert (incident.to_version, incident.phase) == (None, Phase.PROVED)


async def test_answers_in_flight_are_counted(bad: House) -> None:
    """An answer that ends after the flip belongs to the version that began it."""
    route = bad.loop.router.table.find(NAME)
    with bad.local.flights.on(route):
        rolling = asyncio.create_task(by_hand(bad))
        await until(lambda: bad.loop.router.table.find(NAME).active == V1)
        await bad.absorb([bad.answer(V2, route.epoch, broken=True)])
    assert (await rolling).exposure == 1
