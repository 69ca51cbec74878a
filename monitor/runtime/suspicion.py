"""What suspicion leads to: an early golden run against the baseline, beside the traffic."""

from __future__ import annotations

import asyncio
import math
import uuid
from datetime import UTC, datetime

import structlog

from monitor.errors import BadGoldenSet
from monitor.ports.alerts import Notice
from monitor.ports.stores import Stores
from monitor.runtime.errands import Errands
from monitor.runtime.golden_evidence import GoldenEvidence
from rollback.decision import Suspect
from rollback.deployment import Deployment
from rollback.policy import Policy

log = structlog.get_logger(__name__)


class Suspicions:
    """Looks into drift: it has no sign, so something that has one must speak."""

    def __init__(self, stores: Stores, golden: GoldenEvidence, errands: Errands) -> None:
        self._stores = stores
        self._golden = golden
        self._errands = errands
        self._looked: dict[str, tuple[int, datetime]] = {}

    def knows(self, deployment: Deployment, policy: Policy, now: datetime) -> bool:
        """Whether this suspicion is being looked into, or was a moment ago."""
        if self._errands.runs(_key(deployment)):
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
        self._errands.start(_key(deployment), lambda: self._look_into(deployment, policy, suspect))

    async def _look_into(self, deployment: Deployment, policy: Policy, suspect: Suspect) -> None:
        log.warning("suspicion", deployment=deployment.name, reason=suspect.reason)
        await asyncio.to_thread(self._stores.outbox.put, _notice(deployment, suspect))
        try:
            await self._golden.gather(
                deployment,
                policy,
                cause="suspicion",
                compared=deployment.epoch > 1,
                stop_line=_stop_line(policy),
            )
        except BadGoldenSet as error:
            log.warning("suspicion stays open", deployment=deployment.name, reason=str(error))


def _key(deployment: Deployment) -> str:
    return f"suspicion:{deployment.name}"


def _stop_line(policy: Policy) -> float:
    """Return the e-value of a run that is enough by itself; infinite if golden runs never are."""
    weight = policy.weights["golden"]
    return policy.line / weight if weight > 0 else math.inf


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
