"""Scheduled jobs: one run per slot, whoever works."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import BackstopError
from monitor.ports.stores import Stores
from monitor.runtime.jobs import Worker
from monitor.runtime.troubles import Troubles

pytestmark = pytest.mark.integration

SLOT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


class Counted:
    """A job that counts its runs, and fails if told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure
        self.runs = 0

    async def run(self, slot: datetime) -> None:
        """Count, then fail or not."""
        self.runs += 1
        await asyncio.sleep(0)
        if self._failure is not None:
            raise self._failure


def worker(
    stores: Stores,
    job: Counted,
    name: str = "w1",
    *,
    troubles: Troubles | None = None,
    leads: bool = True,
) -> Worker:
    """Return a worker that knows the job `report`."""
    jobs = {"report": job.run}
    return Worker(stores.schedule, name, jobs, troubles or Troubles(), lambda: leads)


def error_of(engine: Engine) -> str | None:
    """Return the error of the only slot that has ended."""
    query = text("SELECT error FROM scheduled_runs WHERE finished_at IS NOT NULL")
    with engine.connect() as connection:
        found: str | None = connection.execute(query).scalar_one()
        return found


async def test_two_workers_run_a_slot_once(stores: Stores) -> None:
    """However many replicas add the slot and look for work."""
    job = Counted()
    workers = [worker(stores, job, name) for name in ("w1", "w2")]
    for _ in workers:
        await asyncio.to_thread(stores.schedule.insert, "report", SLOT)
    worked = await asyncio.gather(*(each.work() for each in workers for _ in range(3)))
    assert (job.runs, sum(worked)) == (1, 1)


async def test_a_follower_leaves_slots_to_the_leader(stores: Stores) -> None:
    """Only there are judges that can weigh what a golden run shows."""
    stores.schedule.insert("report", SLOT)
    job = Counted()
    assert not await worker(stores, job, leads=False).work()
    assert await worker(stores, job).work()
    assert job.runs == 1


async def test_a_slot_in_the_future_waits(stores: Stores) -> None:
    """A slot is due at its planned time."""
    stores.schedule.insert("report", datetime.now(UTC) + timedelta(hours=1))
    assert not await worker(stores, Counted()).work()


async def test_a_failed_run_is_recorded_and_ends(stores: Stores, engine: Engine) -> None:
    """Its sentence stands beside the slot, and nobody runs it again."""
    stores.schedule.insert("report", SLOT)
    job = Counted(BackstopError("the disk is full"))
    assert await worker(stores, job).work()
    assert not await worker(stores, job).work()
    assert error_of(engine) == "the disk is full"


async def test_a_jobs_defect_ends_its_slot_and_is_shown(stores: Stores, engine: Engine) -> None:
    """A slot that raised would otherwise be claimed and raise for ever."""
    stores.schedule.insert("report", SLOT)
    troubles = Troubles()
    assert await worker(stores, Counted(ZeroDivisionError("a defect")), troubles=troubles).work()
    assert "a defect" in str(error_of(engine))
    assert "job report" in troubles.states()


async def test_a_job_that_nobody_knows_says_so(stores: Stores, engine: Engine) -> None:
    """A slot of another version of the program is ended with a sentence."""
    stores.schedule.insert("drill", SLOT)
    assert await worker(stores, Counted()).work()
    assert "no job is named 'drill'" in str(error_of(engine))
