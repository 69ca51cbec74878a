"""Scheduled jobs: claimed in Postgres, so that a slot runs once however many replicas there are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import BackstopError, Unavailable
from monitor.ports.schedule import Schedule, ScheduledRun
from monitor.runtime.dispatch import wait
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

_LEASE = timedelta(minutes=30)  # a worker that died gives its slot up after this

Job = Callable[[datetime], Awaitable[None]]  # is given the slot that it is run for


class Worker:
    """Claims due slots, one at a time, and runs them.

    Args:
        leads: whether this process leads: what a golden run shows can be weighed there alone.
    """

    def __init__(
        self,
        schedule: Schedule,
        name: str,
        jobs: Mapping[str, Job],
        troubles: Troubles,
        leads: Callable[[], bool],
    ) -> None:
        self._schedule = schedule
        self._name = name
        self._jobs = dict(jobs)
        self._troubles = troubles
        self._leads = leads

    async def run(self, wake: asyncio.Event) -> None:
        """Work whenever woken, and every two seconds, until cancelled."""
        while True:
            try:
                while await self.work():
                    continue
            except Unavailable as error:
                log.warning("schedule not read", error=str(error))
            await wait(wake, 2.0)

    async def work(self) -> bool:
        """Run one due slot, if there is one and this process leads."""
        if not self._leads():
            return False
        run = await asyncio.to_thread(self._schedule.claim, self._name, datetime.now(UTC), _LEASE)
        if run is None:
            return False
        error = await self._do(run)
        await asyncio.to_thread(self._schedule.finish, run, datetime.now(UTC), error=error)
        return True

    async def _do(self, run: ScheduledRun) -> str | None:
        job = self._jobs.get(run.job)
        if job is None:
            return f"no job is named {run.job!r} in this version"
        try:
            await job(run.slot)
        except BackstopError as error:
            log.error("scheduled run failed", job=run.job, slot=run.slot, error=str(error))
            return str(error)
        except Exception as error:  # the slot must end, or it would be run for ever
            self._troubles.report(f"job {run.job}", error)
            return repr(error)
        return None
