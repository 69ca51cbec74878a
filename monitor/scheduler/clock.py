"""The clock: at each cron slot it calls back with the job's name and the slot's time.

APScheduler runs in memory only; which slots there are, and who ran them, stands in Postgres.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_SUBMITTED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from monitor.errors import ConfigError

log = structlog.get_logger(__name__)

_MISFIRE_GRACE_S = 3600  # a slot missed by a stalled process is still run within the hour

OnSlot = Callable[[str, datetime], None]


class Clock:
    """Fires jobs at their cron slots, in a time zone.

    Args:
        jobs: job name → cron expression of five fields; an empty one never fires.
        on_slot: called on a thread of the clock with the job's name and the slot (UTC). The
            slot is the planned time, equal on every replica, not the time of the call.

    Raises:
        ConfigError: for a cron expression or time zone that cannot be read.
    """

    def __init__(self, jobs: Mapping[str, str], timezone: str, on_slot: OnSlot) -> None:
        zone = _zone(timezone)
        self._on_slot = on_slot
        self._scheduler = BackgroundScheduler(timezone=zone)
        self._scheduler.add_listener(self._submitted, EVENT_JOB_SUBMITTED)
        self._scheduler.add_listener(_failed, EVENT_JOB_ERROR)
        for name, expression in jobs.items():
            if expression:
                self._scheduler.add_job(
                    _due,
                    _trigger(name, expression, zone),
                    id=name,
                    misfire_grace_time=_MISFIRE_GRACE_S,
                    coalesce=True,
                )

    def start(self) -> None:
        """Begin to fire."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop firing; a callback in hand is finished."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def next_slots(self) -> dict[str, datetime]:
        """Return each job's next slot (UTC), for people."""
        return {
            job.id: job.next_run_time.astimezone(UTC)
            for job in self._scheduler.get_jobs()
            if getattr(job, "next_run_time", None)
        }

    def _submitted(self, event: JobExecutionEvent) -> None:
        for slot in event.scheduled_run_times:
            self._on_slot(event.job_id, slot.astimezone(UTC))


def _due() -> None:
    """Do nothing: only the event of the submission carries the planned time of the slot."""


def _failed(event: JobExecutionEvent) -> None:
    log.error("clock failed", job=event.job_id, error=str(event.exception))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"schedule.timezone: {name!r} is no time zone, e.g. Asia/Tokyo"
        ) from error


def _trigger(name: str, expression: str, zone: ZoneInfo) -> CronTrigger:
    try:
        return CronTrigger.from_crontab(expression, timezone=zone)
    except ValueError as error:
        raise ConfigError(
            f"schedule.{name}: {expression!r} is no cron expression of five fields, "
            f"e.g. '0 3 * * *': {error}"
        ) from error
