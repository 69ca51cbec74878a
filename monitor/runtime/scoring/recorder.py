"""Records scored batches in their order: in Postgres, or on disk while Postgres is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from guards.assessment import Scored
from monitor.errors import ConfigError, Unavailable
from monitor.ports.record import ExchangeStore, Observed, PackedBatch, ScoredBatch
from monitor.ports.spool import Spool

log = structlog.get_logger(__name__)

_LOOK_S = 0.5


class Recorder:
    """Numbers batches and sees to it that each is recorded once.

    While anything waits on disk, new batches go behind it: judges read each scorer's batches in
    the order of their numbers.

    Args:
        replica: name of this scorer, unlike that of any other or of an earlier life.
        keep_text: whether prompts and answers are recorded.
        look_s: seconds between two looks whether Postgres is back.

    Attributes:
        recorded: answers that are in Postgres; lost: answers that neither it nor the disk took.
    """

    def __init__(
        self,
        store: ExchangeStore,
        spool: Spool,
        *,
        replica: str,
        keep_text: bool,
        look_s: float = _LOOK_S,
    ) -> None:
        self._store = store
        self._spool = spool
        self._replica = replica
        self._keep_text = keep_text
        self._look_s = look_s
        self._number = 0
        self._turn = asyncio.Lock()
        self._spooled = asyncio.Event()
        self.recorded = 0
        self.lost = 0
        self.waiting_for_database = False

    @property
    def spooled(self) -> int:
        """How many answers wait on disk."""
        return self._spool.waiting

    @property
    def gone(self) -> int:
        """How many answers are lost, those included whose files on disk were damaged."""
        return self.lost + self._spool.torn

    def health(self) -> Mapping[str, str]:
        """Return what is wrong with the record; nothing if all is well."""
        if self.waiting_for_database or self.spooled:
            return {"record": f"{self.spooled} answers wait on disk for the database"}
        return {}

    def pack(self, scored: Sequence[Scored], observed: Sequence[Observed]) -> PackedBatch:
        """Return the next batch as it is written; on any one thread, in the order of recording."""
        batch = ScoredBatch(
            replica=self._replica, number=self._number, scored=scored, observed=observed
        )
        packed = self._store.pack(batch, keep_text=self._keep_text)
        self._number += 1
        return packed

    async def record(self, batch: PackedBatch) -> None:
        """Write a batch, or keep it on disk; what neither takes is lost, and counted."""
        async with self._turn:
            if not self._spool.waiting and await self._is_through(batch):
                return
            await self._keep(batch)

    async def run(self) -> None:
        """Bring what waits on disk to Postgres, oldest first, until cancelled."""
        while True:
            await self.drain()
            await self._spooled.wait()
            self._spooled.clear()

    async def drain(self) -> None:
        """Bring what waits on disk to Postgres, however long that is away."""
        while (batch := await self._oldest()) is not None:
            if not await self._is_through(batch):
                await asyncio.sleep(self._look_s)
                continue
            async with self._turn:
                await asyncio.to_thread(self._spool.forget, batch)

    async def _oldest(self) -> PackedBatch | None:
        async with self._turn:
            return await asyncio.to_thread(self._spool.oldest)

    async def _is_through(self, batch: PackedBatch) -> bool:
        """Write a batch; return False if Postgres is away, or not set up for us.

        One that Postgres refuses for what is in it is lost: offered again it would be refused
        again, and hold up all others.
        """
        try:
            await asyncio.to_thread(self._store.record, batch)
        except (Unavailable, ConfigError) as error:
            if not self.waiting_for_database:
                log.warning("answers wait for the database", error=str(error))
            self.waiting_for_database = True
            return False
        except Exception as error:
            self._lose(batch, repr(error))
        else:
            self.recorded += batch.count
        self.waiting_for_database = False
        return True

    async def _keep(self, batch: PackedBatch) -> None:
        try:
            if not await asyncio.to_thread(self._spool.put, batch):
                self._lose(batch, "there is no room on disk for what waits for the database")
        except OSError as error:
            self._lose(batch, f"the spool cannot be written: {error}")
        self._spooled.set()

    def _lose(self, batch: PackedBatch, reason: str) -> None:
        self.lost += batch.count
        log.error("answers are lost", count=batch.count, batch=batch.number, reason=reason)
