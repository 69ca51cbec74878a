"""The truth about scheduled runs, in Postgres."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine

from monitor.ports.schedule import Schedule, ScheduledRun
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import scheduled_runs

_RUNS = scheduled_runs.c


class PostgresSchedule(Schedule):
    """`ports.Schedule` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, job: str, slot: datetime) -> bool:
        """Add a slot; False if it is there already."""
        new = insert(scheduled_runs).values(job=job, slot=slot, fence=0)
        with transaction(self._engine) as connection:
            added = connection.execute(new.on_conflict_do_nothing().returning(_RUNS.job))
            return added.one_or_none() is not None

    def claim(self, worker: str, now: datetime, lease: timedelta) -> ScheduledRun | None:
        """Take a slot that is due and free, or whose worker's lease ran out."""
        free = (
            select(_RUNS.job, _RUNS.slot)
            .where(_RUNS.finished_at.is_(None), _RUNS.slot <= now)
            .where(or_(_RUNS.leased_until.is_(None), _RUNS.leased_until <= now))
            .order_by(_RUNS.slot, _RUNS.job)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with transaction(self._engine) as connection:
            found = connection.execute(free).one_or_none()
            if found is None:
                return None
            taken = (
                update(scheduled_runs)
                .where(_RUNS.job == found.job, _RUNS.slot == found.slot)
                .values(fence=_RUNS.fence + 1, worker=worker, leased_until=now + lease)
                .returning(_RUNS.fence)
            )
            fence = connection.execute(taken).scalar_one()
        return ScheduledRun(job=found.job, slot=found.slot, fence=fence)

    def finish(self, run: ScheduledRun, at: datetime, *, error: str | None = None) -> None:
        """Record the end; nothing happens if another worker has taken the slot since."""
        ended = (
            update(scheduled_runs)
            .where(_RUNS.job == run.job, _RUNS.slot == run.slot, _RUNS.fence == run.fence)
            .where(_RUNS.finished_at.is_(None))
            .values(finished_at=at, error=values.optional_text(error))
        )
        with transaction(self._engine) as connection:
            connection.execute(ended)
