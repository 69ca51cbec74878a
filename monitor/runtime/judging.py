"""The leader reads what scorers observed, judges it, and saves evidence with how far it has read.

What is saved, and only that, has been judged: after anything that goes wrong the judges in memory
are forgotten, and begin again from what is stored. So every answer counts exactly once, whoever
leads, and whoever is killed where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from monitor.errors import Conflict, Unavailable
from monitor.ports.evidence import EvidenceStore, Observations
from monitor.runtime.dispatch import wait
from monitor.runtime.leadership import Leadership
from monitor.runtime.watch import Judged, Watch
from monitor.runtime.worker_thread import WorkerThread
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)

_AT_ONCE = 20  # batches
_LOOK_S = 0.5
_AGAIN_S = 0.5
_CLOSE_LIMIT_S = 3.0

T = TypeVar("T")


class Judging:
    """Keeps the judges going while this process leads.

    Args:
        wake: called when a line is reached.
    """

    def __init__(
        self,
        observations: Observations,
        evidence: EvidenceStore,
        watch: Watch,
        leadership: Leadership,
        wake: Callable[[], None],
    ) -> None:
        self._observations = observations
        self._evidence = evidence
        self._watch = watch
        self._leadership = leadership
        self._wake = wake
        self._thread = WorkerThread("judges")
        self._turn = asyncio.Lock()
        self._is_sound = True  # whether the judges in memory are those that are stored
        self.waiting_for_database = False

    async def run(self, wake: asyncio.Event) -> None:
        """Judge whenever woken, and every half second, until cancelled."""
        while True:
            try:
                await self.catch_up()
                self._say_away(None)
            except Unavailable as error:
                self._say_away(error)
            await wait(wake, _LOOK_S)

    async def catch_up(self) -> None:
        """Judge all that is unread, as leader. Raises `Unavailable`."""
        while await self._step():
            continue

    async def follow(self, deployments: Sequence[Deployment]) -> None:
        """Have a judge for each deployment's present epoch. Raises `Unavailable`."""
        async with self._turn:
            await self._on_judges(lambda: self._watch.follow(deployments))
            self._is_sound = True

    async def judge(self, work: Callable[[], Judged]) -> None:
        """Do what a judge is to do and save it, however long Postgres is away.

        A follower has no judges: there it is told, and nothing is done.
        """
        while True:
            if not self._leadership.leads:
                log.warning("not weighed: another replica leads, or none")
                return
            try:
                async with self._turn:
                    await self._judge(work)
            except Unavailable as error:
                self._say_away(error)
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def health(self) -> Mapping[str, str]:
        """Return what is wrong with judging; nothing if all is well."""
        return {"judges": "wait for the database"} if self.waiting_for_database else {}

    async def flush(self) -> None:
        """Return at once: what is not judged is recorded, and the next leader reads it."""

    def close(self) -> None:
        """End the thread; work in hand is finished, unless it takes seconds."""
        if not self._thread.close(_CLOSE_LIMIT_S):
            log.error("judging did not end; the next leader goes on from what is saved")

    async def _step(self) -> bool:
        """Judge the oldest unread batches; return whether there may be more."""
        async with self._turn:
            if not self._leadership.leads:
                self._is_sound = False
                return False
            batches = await asyncio.to_thread(self._observations.unread, _AT_ONCE)
            if not batches:
                return False
            try:
                await self._judge(lambda: self._watch.absorb(batches))
            except Conflict as error:
                log.info("somebody else has read on", error=str(error))
                return False
        return True

    async def _judge(self, work: Callable[[], Judged]) -> None:
        judged = await self._on_judges(work)
        await asyncio.to_thread(
            self._evidence.save, judged.points, judged.states, judged.read, judged.dealt
        )
        self._is_sound = True
        if judged.calls_for_action:
            self._wake()

    async def _on_judges(self, work: Callable[[], T]) -> T:
        """Run on the judges' thread; until the caller says otherwise they are unsound from here."""
        was_sound, self._is_sound = self._is_sound, False

        def run() -> T:
            if not was_sound:
                self._watch.forget()
            return work()

        return await self._thread.run(run)

    def _say_away(self, error: Unavailable | None) -> None:
        if error is not None and not self.waiting_for_database:
            log.warning("judges wait for the database", error=str(error))
        self.waiting_for_database = error is not None
