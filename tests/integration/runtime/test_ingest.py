"""Ingest: every answer counts exactly once, also while Postgres is away and after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from guards.assessment import Scored
from monitor.errors import DatabaseUnavailable
from monitor.ports.record import ExchangeStore
from monitor.ports.stores import Stores
from rollback.evidence import EvidencePoint, JudgeState
from tests.integration.runtime.house import NAME, V1, House, build, until

pytestmark = pytest.mark.integration


class Flaky(ExchangeStore):
    """A record whose database can be away: `fail` says what goes wrong, if anything does."""

    def __init__(self, inner: ExchangeStore) -> None:
        self._inner = inner
        self.fail: Exception | None = None
        self.tried = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def record(
        self,
        batch: Sequence[Scored],
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        *,
        keep_text: bool,
    ) -> None:
        """Write, or fail as told."""
        self._loop.call_soon_threadsafe(self.tried.set)
        if self.fail is not None:
            raise self.fail
        self._inner.record(batch, points, states, keep_text=keep_text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def recorded(engine: Engine) -> int:
    """Count the answers in the record."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM exchanges")).scalar_one())


def forget_evidence(engine: Engine) -> None:
    """Bring the same epoch back to its beginning."""
    with engine.begin() as connection:
        for table in ("evidence_points", "detector_states", "exchanges"):
            connection.execute(text(f"DELETE FROM {table}"))


def position(house: House) -> tuple[int, int]:
    """Return the epoch and the position of the latest evidence."""
    point = house.loop.watch.point(NAME)
    assert point is not None
    return point.epoch, point.position


def flaky(stores: Stores) -> tuple[Stores, Flaky]:
    """Return the stores with a record that can fail."""
    record = Flaky(stores.exchanges)
    return replace(stores, exchanges=record), record


async def test_answers_wait_while_the_database_is_away(stores: Stores, engine: Engine) -> None:
    """Nothing is lost, the event loop goes on, and health tells that answers wait."""
    away, record = flaky(stores)
    house = build(away)
    await house.tick()
    record.fail = DatabaseUnavailable("Postgres does not answer")
    absorbing = asyncio.create_task(house.serve(20))
    await record.tried.wait()
    await until(lambda: house.loop.ingest.waiting_for_database)
    assert not absorbing.done()
    record.fail = None
    await absorbing
    assert recorded(engine) == 20
    assert not house.loop.ingest.waiting_for_database
    await house.close()


async def test_a_batch_that_is_offered_again_counts_once(house: House, engine: Engine) -> None:
    """Rows have ids of their own, so a repetition changes nothing."""
    batch = await house.serve(10)
    await house.loop.ingest.absorb(batch)
    assert recorded(engine) == 10


async def test_settling_waits_for_what_was_offered(house: House, engine: Engine) -> None:
    """Answers in the queue count, those that come later do not."""
    ingesting = asyncio.create_task(house.loop.ingest.run())
    for answer in house.answers(30):
        house.loop.queue.offer(answer)
    await house.loop.ingest.settled(lambda: house.loop.queue.depth)
    assert recorded(engine) == 30
    ingesting.cancel()
    await asyncio.gather(ingesting, return_exceptions=True)


async def test_an_unexpected_error_loses_its_batch_and_no_more(
    stores: Stores, engine: Engine
) -> None:
    """The batch is counted as lost, so that nobody waits for it for ever."""
    odd, record = flaky(stores)
    house = build(odd)
    await house.tick()
    record.fail = ZeroDivisionError("a defect")
    with pytest.raises(ZeroDivisionError):
        await house.serve(5)
    assert house.loop.ingest.lost == 5
    record.fail = None
    await house.serve(7)
    async with asyncio.timeout(5):
        await house.loop.ingest.settled(lambda: 0)
    assert recorded(engine) == 7
    await house.close()


async def test_a_judge_goes_on_after_a_kill_as_if_nothing_had_been(
    house: House, engine: Engine
) -> None:
    """Killed between two batches, the next life reaches the same evidence to the last bit."""
    await house.promote(V1)
    batches = [house.answers(15), house.answers(3, broken=True), house.answers(20)]
    for batch in batches:
        await house.loop.ingest.absorb(batch)
    promoted_at = (await house.deployment()).promoted_at
    assert promoted_at is not None
    whole = house.stores.evidence.curve(NAME, promoted_at)
    assert [point.position for point in whole] == list(range(1, 39))

    forget_evidence(engine)
    for batch in batches:
        lived = build(house.stores, engine=house.engine)
        await lived.tick()
        await lived.loop.ingest.absorb(batch)
        await lived.close()
    assert house.stores.evidence.curve(NAME, promoted_at) == whole


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
    await house.loop.ingest.absorb(late)
    assert position(house) == (1, 6)
    assert recorded(engine) == 10


async def test_names_that_nobody_watches_are_recorded(house: House, engine: Engine) -> None:
    """An answer that an operator asked of a version by its name is no live traffic."""
    await house.loop.ingest.absorb([replace(house.answers(1)[0], deployment=V1)])
    assert recorded(engine) == 1
    assert house.loop.watch.point(V1) is None
