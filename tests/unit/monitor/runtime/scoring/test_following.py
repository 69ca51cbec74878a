"""Keeping up with the pointers without waiting for Postgres."""

from __future__ import annotations

import asyncio
import threading

from monitor.errors import DatabaseUnavailable
from monitor.runtime.scoring.following import Following
from tests.waiting import until


class Reader:
    """Reads, counts, waits at a gate, and fails if told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.away = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> None:
        """Read."""
        self.reads += 1
        self.gate.wait()
        if self.away:
            raise DatabaseUnavailable("Postgres does not answer")


async def test_catching_up_reads_once() -> None:
    """The caller goes on with what is stored now."""
    reader = Reader()
    await Following(reader).catch_up()
    assert reader.reads == 1


async def test_a_read_that_began_before_is_not_enough() -> None:
    """It may have seen the old pointers; so another one follows it."""
    reader = Reader()
    following = Following(reader)
    reader.gate.clear()
    first = asyncio.create_task(following.now())
    await until(lambda: reader.reads == 1)
    second = asyncio.create_task(following.now())
    await asyncio.sleep(0)
    reader.gate.set()
    await asyncio.gather(first, second)
    assert reader.reads == 2


async def test_while_postgres_is_away_nobody_waits_for_it() -> None:
    """One look has shown it; the loop's next look shows when it is back."""
    reader = Reader()
    following = Following(reader)
    reader.away = True
    await following.catch_up()
    await following.catch_up()
    assert (reader.reads, following.is_away) == (1, True)
    reader.away = False
    await following.now()
    await following.catch_up()
    assert (reader.reads, following.is_away) == (3, False)


async def test_a_postgres_that_hangs_is_waited_for_once_and_not_for_long() -> None:
    """Answers are scored by what is known meanwhile."""
    reader = Reader()
    following = Following(reader, patience_s=0.01)
    reader.gate.clear()
    await following.catch_up()
    await following.catch_up()
    assert (reader.reads, following.is_away) == (1, True)
    reader.gate.set()
    await until(lambda: not following.is_away)


async def test_the_loop_reads_when_woken() -> None:
    """News of a flip are followed at once."""
    reader, wake = Reader(), asyncio.Event()
    running = asyncio.create_task(Following(reader).run(wake))
    await until(lambda: reader.reads == 1)
    wake.set()
    await until(lambda: reader.reads == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
