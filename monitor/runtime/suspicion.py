"""What suspicion leads to: an early golden run against the baseline, beside the traffic."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from guards.verdicts import Verdict
from monitor.errors import BackstopError, BadGoldenSet
from monitor.ports import Notice, Stores
from monitor.runtime.golden_runs import GoldenRuns, Outcome, Plan
from monitor.runtime.ingest import Ingest
from monitor.runtime.watch import Watch
from rollback.decision import Suspect
from rollback.deployment import Deployment
from rollback.policy import Policy

log = structlog.get_logger(__name__)


class Suspicions:
    """Looks into drift: it has no sign, so something that has one must speak."""

    def __init__(
        self,
        stores: Stores,
        runs: GoldenRuns,
        watch: Watch,
        ingest: Ingest,
        wake: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._runs = runs
        self._watch = watch
        self._ingest = ingest
        self._wake = wake
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looked: dict[str, tuple[int, datetime]] = {}

    def knows(self, deployment: Deployment, policy: Policy, now: datetime) -> bool:
        """Whether this suspicion is being looked into, or was a moment ago."""
        task = self._tasks.get(deployment.name)
        if task is not None and not task.done():
            return True
        epoch, at = self._looked.get(deployment.name, (-1, now))
        return epoch == deployment.epoch and now - at < policy.cool_down

    async def since(self, deployment: Deployment) -> datetime | None:
        """Return when the active version's drift first crossed the line, from the stored curve."""
        if deployment.promoted_at is None:
            return None
        curve = await asyncio.to_thread(
            self._stores.evidence.curve, deployment.name, deployment.promoted_at
        )
        crossed = (
            point.at
            for point in curve
            if point.epoch == deployment.epoch and point.suspicion >= point.suspicion_line
        )
        return next(crossed, None)

    def look_into(self, deployment: Deployment, policy: Policy, suspect: Suspect) -> None:
        """Start the early golden run beside the traffic; at most one at a time."""
        self._looked[deployment.name] = (deployment.epoch, datetime.now(UTC))
        self._tasks[deployment.name] = asyncio.create_task(
            self._look_into(deployment, policy, suspect)
        )

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look_into(self, deployment: Deployment, policy: Policy, suspect: Suspect) -> None:
        log.warning("suspicion", deployment=deployment.name, reason=suspect.reason)
        try:
            await asyncio.to_thread(self._stores.outbox.put, _notice(deployment, suspect))
            outcome = await self._runs.run(
                Plan(
                    deployment=deployment.name,
                    subject=deployment.active,
                    against=deployment.baseline,
                    compared=deployment.epoch > 1,
                    cause="suspicion",
                    margin=policy.margin,
                    min_cases=policy.min_golden_cases,
                    floor=policy.first_version_floor,
                    stop_line=policy.line / policy.weights["golden"],
                )
            )
            await self.conclude(deployment, outcome)
        except BadGoldenSet as error:
            log.warning("suspicion stays open", deployment=deployment.name, reason=str(error))
        except BackstopError as error:
            log.error("suspicion was not looked into", error=str(error))

    async def conclude(self, deployment: Deployment, outcome: Outcome) -> None:
        """Put a run's differences on the scales; a clean run lays the suspicion to rest."""
        recording = await self._ingest.on_judges(
            lambda: self._watch.weigh_golden(
                deployment, outcome, clear=outcome.run.verdict is Verdict.OK
            )
        )
        await asyncio.to_thread(self._watch.record, recording)
        self._wake()


def _notice(deployment: Deployment, suspect: Suspect) -> Notice:
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"suspicion:{deployment.name}:{deployment.epoch}")),
        kind="suspicion",
        severity="warning",
        title=f"{deployment.name}: the answers have changed; looking into it",
        facts={
            "deployment": deployment.name,
            "from": deployment.active,
            "reason": suspect.reason,
        },
        created_at=datetime.now(UTC),
    )
