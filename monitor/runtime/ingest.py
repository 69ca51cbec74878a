"""From the queue to the record: take a batch, judge it, write it, tell who must act.

Judging runs on one worker thread and never on the event loop. A batch that Postgres does not
take is kept and offered again, as it was judged, until it does; meanwhile the bounded queue
fills, and what does not fit is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import structlog

from guards.exchange import Exchange
from monitor.errors import Unavailable
from monitor.runtime.watch import Recording, Watch

log = structlog.get_logger(__name__)

_BATCH = 500
_PATIENCE_S = 1.0
# While nothing speaks against a version, an answer waits so long for company: judged and written
# one by one, answers cost ten times as much (docs/benchmarks.md). At the first sign it ends.
_LINGER_S = 0.1
_LINGERS = 3  # at most, and only while so many come that it pays
_PAYS = 8
_RETRY_S = 0.5

T = TypeVar("T")


class Source(Protocol):
    """Where answers come from: the gateway's bounded queue."""

    async def take(self, max_items: int, max_wait_s: float) -> list[Exchange]:
        """Wait for at least one answer, then a moment for more."""


class Ingest:
    """Drains the queue. Everything that touches a judge goes through `on_judges`."""

    def __init__(self, source: Source, watch: Watch, wake: Callable[[], None]) -> None:
        self._source = source
        self._watch = watch
        self._wake = wake
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scorer")
        self._in_hand = 0
        self._done = asyncio.Condition()
        self._turn = asyncio.Lock()  # states are recorded in the order in which they were taken
        self.recorded = 0
        self.lost = 0
        self.waiting_for_database = False

    async def on_judges(self, work: Callable[[], T]) -> T:
        """Run on the thread that owns the judges."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def run(self) -> None:
        """Take, judge and record until cancelled."""
        while True:
            batch = await self._source.take(_BATCH, _PATIENCE_S)
            if batch:
                await self._linger(batch)
                await self.absorb(batch)

    async def _linger(self, batch: list[Exchange]) -> None:
        """Wait for company where that pays and does no harm."""
        for _ in range(_LINGERS):
            self._in_hand = len(batch)
            if not self._watch.is_calm or len(batch) >= _BATCH:
                return
            await asyncio.sleep(_LINGER_S)
            more = await self._source.take(_BATCH, 0.0)
            batch += more
            if len(more) < _PAYS:
                return

    async def absorb(self, batch: Sequence[Exchange]) -> None:
        """Judge and record one batch, however long Postgres is away."""
        self._in_hand = len(batch)
        try:
            await self.judge(lambda: self._watch.absorb(batch))
            self.recorded += len(batch)
        except Exception:
            self.lost += len(batch)
            raise
        finally:
            self._in_hand = 0
            async with self._done:
                self._done.notify_all()

    async def judge(self, work: Callable[[], Recording]) -> None:
        """Do what a judge is to do and record it, however long Postgres is away."""
        async with self._turn:
            recording = await self._when_there(lambda: self.on_judges(work))
            if recording.calls_for_action:
                self._wake()
            await self._when_there(lambda: asyncio.to_thread(self._watch.record, recording))

    async def settled(self, waiting: Callable[[], int]) -> None:
        """Return when every answer that has been offered until now is recorded, or lost."""
        target = self._ended + self._in_hand + waiting()
        async with self._done:
            await self._done.wait_for(lambda: self._ended >= target)

    @property
    def _ended(self) -> int:
        return self.recorded + self.lost

    def close(self) -> None:
        """End the thread; work in hand is finished."""
        self._thread.shutdown(wait=True)

    async def _when_there(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it again and again until Postgres takes it."""
        while True:
            try:
                done = await work()
            except Unavailable as error:
                if not self.waiting_for_database:
                    log.warning("answers wait for the database", error=str(error))
                self.waiting_for_database = True
                await asyncio.sleep(_RETRY_S)
            else:
                self.waiting_for_database = False
                return done
