"""From the queue to the record: take a batch, judge it, write it, tell who must act.

Judging runs on one worker thread and never on the event loop. A batch that Postgres does not
take is kept and offered again, as it was judged, until it does; meanwhile the bounded queue
fills, and what does not fit is dropped and counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from guards.exchange import Exchange
from monitor.errors import Unavailable
from monitor.runtime.watch import Recording, Watch
from monitor.runtime.worker_thread import WorkerThread

log = structlog.get_logger(__name__)

_BATCH = 500
_PATIENCE_S = 1.0
# While nothing speaks against a version, an answer waits so long for company: judged and written
# one by one, answers cost ten times as much (docs/benchmarks.md). At the first sign it ends.
_LINGER_S = 0.1
_LINGERS = 3  # at most, and only while so many come that it pays
_PAYS = 8
_RETRY_S = 0.5
_CLOSE_LIMIT_S = 3.0

T = TypeVar("T")


class Source(Protocol):
    """Where answers come from: the gateway's bounded queue."""

    async def take(self, max_items: int, max_wait_s: float) -> list[Exchange]:
        """Wait for at least one answer, then a moment for more."""


class Ingest:
    """Drains the queue. Everything that touches a judge goes through `on_judges`.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source: Source,
        watch: Watch,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._watch = watch
        self._wake = wake
        self._clock = clock
        self._thread = WorkerThread("scorer")
        self._in_hand = 0
        self._in_hand_since: float | None = None
        self._done = asyncio.Condition()
        self._turn = asyncio.Lock()  # states are recorded in the order in which they were taken
        self.recorded = 0
        self.lost = 0
        self.waiting_for_database = False

    async def on_judges(self, work: Callable[[], T]) -> T:
        """Run on the thread that owns the judges."""
        return await self._thread.run(work)

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
        self._in_hand_since = self._clock()
        try:
            await self.judge(lambda: self._watch.absorb(batch))
            self.recorded += len(batch)
        except Exception:
            self.lost += len(batch)
            raise
        finally:
            self._in_hand = 0
            self._in_hand_since = None
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

    @property
    def in_hand_s(self) -> float:
        """For how many seconds the present batch has been judged and written; 0 if there is none."""
        since = self._in_hand_since
        return 0.0 if since is None else self._clock() - since

    def close(self) -> None:
        """End the thread; work in hand is finished, unless it takes seconds."""
        if not self._thread.close(_CLOSE_LIMIT_S):
            log.error("judging did not end; its answers are lost", count=self._in_hand)

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
