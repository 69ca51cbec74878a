"""What scheduled jobs do: golden run, health report, retention. Each may be repeated."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from guards.verdicts import Verdict
from monitor.errors import Unavailable
from monitor.ports.alerts import Notice
from monitor.ports.golden import GoldenRun
from monitor.ports.indicators import Reading
from monitor.ports.operations import Operations
from monitor.ports.stores import Stores
from monitor.runtime import reviews
from monitor.runtime.golden_plan import SCHEDULE
from monitor.runtime.jobs import Job
from monitor.runtime.leadership import Leadership
from monitor.scheduler.reports import Reports
from rollback.reviews import Review

log = structlog.get_logger(__name__)

_QUIET = frozenset({Verdict.OK, Verdict.WARN})
_ROLL_UP_EVERY_S = 5.0


class Chores:
    """The bodies of the scheduled jobs.

    Args:
        reports: the jobs that write reports.
        keep: how long each kind of `ports.Retention` is kept.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        operations: Operations,
        deployments: Sequence[str],
        reports: Reports,
        keep: Mapping[str, timedelta],
    ) -> None:
        self._stores = stores
        self._operations = operations
        self._deployments = tuple(deployments)
        self._reports = reports
        self._keep = keep

    def jobs(self) -> Mapping[str, Job]:
        """Return the jobs by the names that the schedule uses."""
        return {
            "golden": self.golden,
            "retention": self.retain,
            "reviews": self.review,
            **self._reports.jobs(),
        }

    async def golden(self, slot: datetime) -> None:
        """Run every deployment's golden set; harm, and what nobody can say, is told.

        A run that is skipped for another one, or is another replica's, is on record and no news.
        A warning is told to whoever looks: one run below the margin is not news every night.
        """
        for name in self._deployments:
            try:
                await self._golden_of(name, slot)
            except Exception as error:  # what is wrong with one must not silence the others
                log.exception("golden run failed", deployment=name)
                notice = _failure_notice(name, error, datetime.now(UTC))
                await asyncio.to_thread(self._stores.outbox.put, notice)

    async def retain(self, slot: datetime) -> None:
        """Delete what is older than it may be kept."""
        deleted = await asyncio.to_thread(
            self._stores.retention.expire, self._keep, datetime.now(UTC)
        )
        log.info("retention", **deleted)

    async def review(self, slot: datetime) -> None:
        """Tell what should be looked at again; once for each cause, version and period."""
        now = datetime.now(UTC)
        for due in await asyncio.to_thread(reviews.open_reviews, self._stores, now):
            if due.deployment in self._deployments:
                await asyncio.to_thread(self._stores.outbox.put, _review_notice(due, now))

    async def _golden_of(self, deployment: str, slot: datetime) -> None:
        if not await asyncio.to_thread(self._stores.golden.cases, deployment):
            return
        occasion = f"{SCHEDULE} {slot.astimezone(UTC):%FT%H:%MZ}"
        run = await self._operations.run_golden(deployment, cause=SCHEDULE, occasion=occasion)
        if run.verdict is not None and run.verdict not in _QUIET:
            await asyncio.to_thread(self._stores.outbox.put, _golden_notice(run))


async def roll_up(
    stores: Stores, leadership: Leadership, readings: Callable[[], Sequence[Reading]]
) -> None:
    """Keep the indicators up to date while this process leads.

    Args:
        readings: returns what Backstop's processes say of themselves.
    """
    while True:
        if leadership.leads:
            now = datetime.now(UTC)
            try:
                await asyncio.to_thread(stores.indicators.roll_up, now, readings())
            except Unavailable as error:
                log.warning("indicators wait", error=str(error))
        await asyncio.sleep(_ROLL_UP_EVERY_S)


def _golden_notice(run: GoldenRun) -> Notice:
    verdict = run.verdict.value if run.verdict else "unknown"
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"golden:{run.id}")),
        kind="golden",
        severity="critical" if run.verdict is Verdict.FAIL else "warning",
        title=f"{run.deployment}: the scheduled golden run says {verdict}",
        facts={
            "deployment": run.deployment,
            "from": run.subject,
            "reason": str(run.summary.get("sentence", "")),
        },
        created_at=datetime.now(UTC),
    )


def _failure_notice(deployment: str, error: Exception, now: datetime) -> Notice:
    key = f"golden failed:{deployment}:{now:%F}"  # told once a day
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        kind="golden",
        severity="warning",
        title=f"{deployment}: the scheduled golden run failed",
        facts={"deployment": deployment, "reason": str(error) or repr(error)},
        created_at=now,
    )


def _review_notice(due: Review, now: datetime) -> Notice:
    return Notice(
        id=due.id,
        kind="review",
        severity="info",
        title=f"{due.deployment}: a review of {due.version} is due: {due.cause.value}",
        facts={"deployment": due.deployment, "from": due.version, "reason": due.sentence},
        created_at=now,
    )
