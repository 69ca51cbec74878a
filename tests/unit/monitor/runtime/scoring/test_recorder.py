"""Recording in order: in Postgres, or on disk while it is away."""

from __future__ import annotations

import asyncio

import pytest

from guards.assessment import Scored
from guards.verdicts import Verdict
from monitor.errors import ConfigError
from monitor.ports.record import PackedBatch
from monitor.runtime.scoring.recorder import Recorder
from tests.handed import MemoryPostgres, MemorySpool, exchange
from tests.waiting import until


@pytest.fixture
def postgres() -> MemoryPostgres:
    """A database."""
    return MemoryPostgres()


@pytest.fixture
def spool() -> MemorySpool:
    """A spool with room."""
    return MemorySpool()


def recorder_of(postgres: MemoryPostgres, spool: MemorySpool) -> Recorder:
    """Return a recorder that looks after Postgres all the time."""
    return Recorder(postgres, spool, replica="r1", keep_text=False, look_s=0.0)


def packed(recorder: Recorder, *numbers: int) -> PackedBatch:
    """Return the next batch, with these answers."""
    scored = [Scored(exchange=exchange(n), verdict=Verdict.OK, signals={}) for n in numbers]
    return recorder.pack(scored, [])


async def test_batches_are_numbered_and_written(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """From 0, each once."""
    recorder = recorder_of(postgres, spool)
    for number in range(2):
        await recorder.record(packed(recorder, number))
    assert list(postgres.batches) == [("r1", 0), ("r1", 1)]
    assert (recorder.recorded, recorder.spooled, recorder.lost) == (2, 0, 0)
    assert recorder.health() == {}


async def test_while_postgres_is_away_batches_wait_on_disk(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """Nothing is lost, and health tells so."""
    recorder = recorder_of(postgres, spool)
    postgres.away = True
    for number in range(3):
        await recorder.record(packed(recorder, number))
    assert (recorder.recorded, recorder.spooled, recorder.lost) == (0, 3, 0)
    assert recorder.health() == {"record": "3 answers wait on disk for the database"}


async def test_what_waits_is_written_oldest_first_and_new_batches_go_behind_it(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """Judges read a scorer's batches by their numbers: none may overtake another."""
    recorder = recorder_of(postgres, spool)
    postgres.away = True
    for number in range(2):
        await recorder.record(packed(recorder, number))
    postgres.away = False
    await recorder.record(packed(recorder, 2))
    assert not postgres.batches
    await recorder.drain()
    await recorder.record(packed(recorder, 3))
    assert [number for _, number in postgres.batches] == [0, 1, 2, 3]
    assert (recorder.recorded, recorder.health()) == (4, {})


async def test_the_spool_is_emptied_as_soon_as_postgres_is_back(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """The loop looks by itself."""
    recorder = recorder_of(postgres, spool)
    running = asyncio.create_task(recorder.run())
    postgres.away = True
    await recorder.record(packed(recorder, 1))
    postgres.away = False
    await until(lambda: not recorder.spooled)
    assert recorder.recorded == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_an_earlier_life_left_on_disk_is_written_first(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """It keeps the name of that life."""
    postgres.away = True
    earlier = recorder_of(postgres, spool)
    await earlier.record(packed(earlier, 1))
    postgres.away = False
    later = Recorder(postgres, spool, replica="r2", keep_text=False, look_s=0.0)
    await later.record(packed(later, 2))
    await later.drain()
    assert list(postgres.batches) == [("r1", 0), ("r2", 0)]


@pytest.mark.parametrize("spool", [MemorySpool(room=1), MemorySpool(fails=True)])
async def test_what_the_disk_does_not_take_is_counted_as_lost(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """A full or broken disk stops nothing."""
    recorder = recorder_of(postgres, spool)
    postgres.away = True
    await recorder.record(packed(recorder, 1, 2, 3))
    assert recorder.lost == 3


async def test_a_batch_that_postgres_refuses_is_lost_and_holds_up_none(
    postgres: MemoryPostgres, spool: MemorySpool
) -> None:
    """Fresh or from the disk, it would be refused again and again."""
    recorder = recorder_of(postgres, spool)
    postgres.refuses = {"answer-1", "answer-2"}
    await recorder.record(packed(recorder, 1))
    postgres.away = True
    for number in (2, 3):
        await recorder.record(packed(recorder, number))
    postgres.away = False
    await recorder.drain()
    assert list(postgres.rows) == ["answer-3"]
    assert (recorder.recorded, recorder.lost, recorder.spooled) == (1, 2, 0)


async def test_what_a_person_can_put_right_loses_nothing() -> None:
    """Missing tables or rights are no fault of the batch: it waits on disk."""

    class Unready(MemoryPostgres):
        def record(self, batch: PackedBatch) -> None:
            raise ConfigError("the database lacks its tables: run `backstop db upgrade`")

    spool = MemorySpool()
    recorder = recorder_of(Unready(), spool)
    await recorder.record(packed(recorder, 1, 2))
    assert (recorder.spooled, recorder.lost) == (2, 0)


async def test_damaged_files_are_lost_answers(postgres: MemoryPostgres, spool: MemorySpool) -> None:
    """Every answer that will not be recorded is counted in one place."""
    recorder = recorder_of(postgres, spool)
    spool.torn = 5
    recorder.lost = 2
    assert recorder.gone == 7
