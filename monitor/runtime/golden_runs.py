"""Runs golden sets: two versions side by side, in the same batches, and on from where a kill left off."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from guards import golden
from guards.golden import GoldenCase
from monitor.errors import BadGoldenSet, Conflict, DatabaseUnavailable, EngineError, Unavailable
from monitor.ports.golden import Begun, GoldenRun, Hold, RunStatus
from monitor.ports.golden_host import GoldenHosts
from monitor.ports.stores import Stores
from monitor.runtime import golden_conclusion
from monitor.runtime.golden_base import BaseWatch
from monitor.runtime.golden_course import GoldenCourse
from monitor.runtime.golden_plan import Course, Outcome, Plan, RunSettings

log = structlog.get_logger(__name__)

_NO_CASES = "its cases are not on record any more"


_USUAL = RunSettings()


class GoldenRuns:
    """Runs golden sets one at a time, and records each step of them."""

    def __init__(
        self,
        hosts: GoldenHosts,
        stores: Stores,
        settings: RunSettings = _USUAL,
        bases: BaseWatch | None = None,
    ) -> None:
        self._hosts = hosts
        self._stores = stores
        self._store = stores.golden
        self._settings = settings
        self._bases = bases or BaseWatch(stores)
        self._turn = asyncio.Lock()

    async def run(self, plan: Plan) -> Outcome:
        """Run, compare, record; or go on with a run of the same question that was left behind.

        A failing engine and a case that cannot be answered or graded give the verdict ERROR, not
        an exception. Whatever else goes wrong is recorded as ERROR too, and raised.

        Raises `BadGoldenSet` if the deployment has no golden set, `UnreadableGoldenSet`,
        `Unavailable`.
        """
        hold = self._new_hold()
        begun = await self._begun(plan, hold)
        if not begun.is_held:
            return _of_another(begun.run)
        return await self._held(begun.run, hold)

    async def intend(self, plan: Plan) -> None:
        """Record a run for whoever goes on with what was left behind.

        Raises `BadGoldenSet` if the deployment has no golden set, `UnreadableGoldenSet`,
        `Unavailable`.
        """
        await self._begun(plan, Hold(holder="", until=datetime.now(UTC)))

    async def go_on(self, run: GoldenRun) -> Outcome | None:
        """Go on with a run that was left behind; `None` if somebody else does. Raises as `run` does."""
        hold = self._new_hold()
        taken = await asyncio.to_thread(self._store.take_over, run.id, hold, datetime.now(UTC))
        return None if taken is None else await self._held(taken, hold)

    def _new_hold(self) -> Hold:
        return Hold(holder=str(uuid.uuid4()), until=datetime.now(UTC) + self._settings.hold)

    async def _begun(self, plan: Plan, hold: Hold) -> Begun:
        cases = await asyncio.to_thread(self._store.cases, plan.deployment)
        if not cases:
            raise BadGoldenSet(
                f"{plan.deployment} has no golden set; import one with `backstop golden import`"
            )
        run = _begin(plan, cases, self._settings.chunk)
        return await asyncio.to_thread(
            self._store.begin, run, hold, datetime.now(UTC), may_wait=plan.may_wait
        )

    async def _held(self, run: GoldenRun, hold: Hold) -> Outcome:
        async with self._holding(run, hold), self._turn:
            try:
                outcome = await self._concluded(run, hold)
            except EngineError as error:
                outcome = golden_conclusion.broken(run, str(error))
            except (DatabaseUnavailable, Conflict):
                raise  # it is gone on with, here or elsewhere, once the hold has run out
            except Exception as error:  # the row must end, or the run would seem to go on for ever
                broken = golden_conclusion.broken(run, str(error) or repr(error))
                await asyncio.to_thread(self._store.finish, broken.run, hold)
                raise
            await asyncio.to_thread(self._store.finish, outcome.run, hold)
            return outcome

    async def _concluded(self, run: GoldenRun, hold: Hold) -> Outcome:
        cases = await asyncio.to_thread(self._store.cases_of, run)
        if not cases:
            return golden_conclusion.broken(run, _NO_CASES)
        course = await GoldenCourse.opened(self._stores, self._settings, run, hold, cases)
        return await course.completed(self._hosts, self._bases)

    @asynccontextmanager
    async def _holding(self, run: GoldenRun, hold: Hold) -> AsyncIterator[None]:
        """Prolong the hold for as long as the block lasts."""
        task = asyncio.create_task(self._prolong(run, hold))
        try:
            yield
        finally:
            task.cancel()

    async def _prolong(self, run: GoldenRun, hold: Hold) -> None:
        """Prolong until cancelled; a hold that is lost is noticed at the next step of the run."""
        while True:
            await asyncio.sleep(self._settings.hold.total_seconds() / 3)
            longer = replace(hold, until=datetime.now(UTC) + self._settings.hold)
            try:
                await asyncio.to_thread(self._store.hold, run.id, longer)
            except Conflict:
                return
            except Unavailable as error:
                log.warning("golden run not held", run=run.id, error=str(error))


def _begin(plan: Plan, cases: Sequence[GoldenCase], chunk: int) -> GoldenRun:
    return GoldenRun(
        id=str(uuid.uuid4()),
        deployment=plan.deployment,
        subject=plan.subject,
        against=plan.against if plan.compared else None,
        compared=plan.compared,
        cause=plan.cause,
        set_digest=golden.set_digest(cases),
        started_at=datetime.now(UTC),
        status=RunStatus.RUNNING,
        set_size=len(cases),
        course=Course(plan=plan, history=None, chunk=chunk).record(),
        occasion=plan.occasion,
    )


def _of_another(run: GoldenRun) -> Outcome:
    """Return the outcome of a run that this process has no part in: nothing is to be weighed."""
    return Outcome(
        run=run, differences=(), set_size=run.set_size, critical_failures=(), is_own=False
    )
