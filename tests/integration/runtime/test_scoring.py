"""Scoring and judging over a real database: every answer counts once, whoever is away or killed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import DatabaseUnavailable
from monitor.ports.handover import Reported
from monitor.ports.record import ExchangeStore, PackedBatch
from monitor.ports.stores import Stores
from rollback.evidence import EvidencePoint
from tests.handed import MemorySpool
from tests.integration.runtime.house import NAME, V1, House, build

pytestmark = pytest.mark.integration


class Flaky(ExchangeStore):
    """A record whose database can be away: `fail` says what goes wrong, if anything does."""

    def __init__(self, inner: ExchangeStore) -> None:
        self._inner = inner
        self.fail: Exception | None = None

    def record(self, batch: PackedBatch) -> None:
        """Write, or fail as told."""
        if self.fail is not None:
            raise self.fail
        self._inner.record(batch)

    def pack(self, *args: Any, **kwargs: Any) -> PackedBatch:
        """Pack as the real one does."""
        return self._inner.pack(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def flaky(stores: Stores) -> tuple[Stores, Flaky]:
    """Return the stores with a record that can fail."""
    record = Flaky(stores.exchanges)
    return replace(stores, exchanges=record), record


def recorded(engine: Engine) -> int:
    """Count the answers in the record."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM exchanges")).scalar_one())


def forget_evidence(engine: Engine) -> None:
    """Bring the same epoch back to its beginning, with all its answers unread."""
    with engine.begin() as connection:
        for table in ("evidence_points", "detector_states", "read_positions"):
            connection.execute(text(f"DELETE FROM {table}"))


def position(house: House) -> tuple[int, int]:
    """Return the epoch and the position of the latest evidence."""
    point = house.loop.watch.point(NAME)
    assert point is not None
    return point.epoch, point.position


async def curve(house: House) -> Sequence[EvidencePoint]:
    """Return the evidence of the present promotion."""
    promoted_at = (await house.deployment()).promoted_at
    assert promoted_at is not None
    return house.stores.evidence.curve(NAME, promoted_at)


async def test_answers_are_recorded_and_judged_once_the_database_is_back(
    stores: Stores, engine: Engine
) -> None:
    """What waited on disk counts as if nothing had been."""
    away, record = flaky(stores)
    spool = MemorySpool()
    house = build(away, spool=spool)
    await house.tick()
    await house.promote(V1)
    record.fail = DatabaseUnavailable("Postgres does not answer")
    await house.serve(20)
    await house.serve(5)
    assert (spool.waiting, recorded(engine)) == (25, 0)
    record.fail = None
    await house.local.scoring.recorder.drain()
    await house.loop.judging.catch_up()
    assert (spool.waiting, recorded(engine)) == (0, 25)
    assert position(house) == (1, 25)
    await house.close()


async def test_a_batch_that_is_offered_again_counts_once(house: House, engine: Engine) -> None:
    """A gateway sends again what a killed scorer did not acknowledge: one row, one observation."""
    await house.promote(V1)
    batch = await house.serve(10)
    next_life = build(house.stores, engine=house.engine)
    await next_life.absorb([*batch, *house.answers(2)])
    assert recorded(engine) == 12
    assert [point.position for point in await curve(house)] == list(range(1, 13))
    await next_life.close()


async def test_settling_waits_for_what_was_offered(house: House, engine: Engine) -> None:
    """Answers in the queue count, those that come later do not."""
    scoring = asyncio.create_task(house.local.scoring.scorer.run())
    for answer in house.answers(30):
        house.local.handover.offer(Reported(exchange=answer))
    await house.local.handover.settled()
    assert recorded(engine) == 30
    scoring.cancel()
    await asyncio.gather(scoring, return_exceptions=True)


async def test_a_refused_batch_is_lost_and_no_more(stores: Stores, engine: Engine) -> None:
    """It is counted, so that nobody waits for it for ever; judges read on behind the gap."""
    odd, record = flaky(stores)
    house = build(odd)
    await house.tick()
    await house.promote(V1)
    await house.serve(2)
    record.fail = ZeroDivisionError("a defect")
    await house.serve(5)
    assert house.local.scoring.recorder.lost == 5
    record.fail = None
    await house.serve(7)
    assert recorded(engine) == 9
    assert position(house) == (1, 9)
    await house.close()


async def test_a_judge_goes_on_after_a_kill_as_if_nothing_had_been(
    house: House, engine: Engine
) -> None:
    """Killed between two batches, the next life reaches the same evidence to the last bit."""
    await house.promote(V1)
    for count, broken in ((15, False), (3, True), (20, False)):
        await house.serve(count, broken=broken)
    whole = await curve(house)
    assert [point.position for point in whole] == list(range(1, 39))

    forget_evidence(engine)
    for _ in range(3):
        lived = build(_one_by_one(house.stores), engine=house.engine)
        await lived.loop.leadership.renew()
        await lived.loop.judging._step()
        await lived.close()
    assert await curve(house) == whole


def _one_by_one(stores: Stores) -> Stores:
    """Return stores that give one batch to be judged at a time."""

    class OneByOne:
        def unread(self, limit: int) -> Sequence[Any]:
            return stores.observations.unread(1)

    return replace(stores, observations=OneByOne())


async def test_answers_of_a_new_epoch_are_judged_before_the_next_tick(house: House) -> None:
    """The route is swapped at once, so the first answers come before the tick; they count too."""
    await house.promote(V1)
    await house.serve(12)
    assert position(house) == (1, 12)


async def test_late_answers_of_an_older_epoch_are_recorded_and_not_judged(
    house: House, engine: Engine
) -> None:
    """They belong to a version that serves no more."""
    late = house.answers(4)
    await house.promote(V1)
    await house.serve(6)
    await house.absorb(late)
    assert position(house) == (1, 6)
    assert recorded(engine) == 10


@pytest.mark.parametrize(
    "changes", [{"deployment": V1}, {"tags": {"shadow_of": "another"}}, {"adapter": None}]
)
async def test_what_is_no_live_traffic_is_recorded_and_not_judged(
    house: House, engine: Engine, changes: Mapping[str, Any]
) -> None:
    """A version asked by its name, a shadow, and an answer of a version that does not serve."""
    await house.promote(V1)
    await house.absorb([replace(house.answers(1)[0], **changes)])
    assert recorded(engine) == 1
    assert house.loop.watch.point(NAME) is None
    assert house.loop.watch.point(V1) is None
