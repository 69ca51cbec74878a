"""Decides about a deployment, and keeps what was decided whenever it changes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime

from monitor.ports.stores import Stores
from monitor.runtime.base_probe import BaseProbe
from monitor.runtime.gauges import Gauges
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.watch import Watch
from rollback import case as cases
from rollback.actors import AUTOMATIC
from rollback.decided import Decided
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase
from rollback.policy import Policy
from rollback.proposal import Act
from rollback.situation import Situation


class Deciding:
    """Reads the situation, decides, and records the decision if it is another one than before."""

    def __init__(
        self,
        stores: Stores,
        watch: Watch,
        gauges: Gauges,
        suspicions: Suspicions,
        base: BaseProbe,
    ) -> None:
        self._stores = stores
        self._watch = watch
        self._gauges = gauges
        self._suspicions = suspicions
        self._base = base
        self._last: dict[str, Decided] = {}

    async def decide(
        self, deployment: Deployment, others: Sequence[Deployment], policy: Policy, now: datetime
    ) -> Decided:
        """Return the decision, which is on record.

        While only its numbers move, it goes by the id of the first one on record.

        Args:
            others: every deployment on the engine; this one may be among them.
        """
        last = await self._last_of(deployment)
        point = self._watch.point(deployment.name)
        situation = await self._situation(deployment, others, policy, now, last)
        case = cases.of(deployment, point, situation, policy, now)
        decision = case.decide()
        decided = Decided(id=str(uuid.uuid4()), at=now, case=case, decision=decision)
        if last is not None and last.gist == decided.gist:
            decided = Decided(id=last.id, at=last.at, case=case, decision=decision)
        else:
            await asyncio.to_thread(self._stores.decisions.record, decided)
        self._last[deployment.name] = decided
        return decided

    async def _last_of(self, deployment: Deployment) -> Decided | None:
        if deployment.name not in self._last:
            found = await asyncio.to_thread(self._stores.decisions.list, deployment.name, 1)
            return found[0] if found else None
        return self._last[deployment.name]

    async def _situation(
        self,
        deployment: Deployment,
        others: Sequence[Deployment],
        policy: Policy,
        now: datetime,
        last: Decided | None,
    ) -> Situation:
        versions = await asyncio.to_thread(self._stores.registry.versions)
        incidents = await asyncio.to_thread(self._stores.incidents.list, deployment.name)
        gauge = await self._gauges.read(deployment, policy, now, _standing(deployment, last))
        point = self._watch.point(deployment.name)
        is_wrong = bool(gauge.assessment.breaches) or (
            point is not None and point.evidence >= policy.line
        )
        return Situation(
            versions={version.name: version for version in versions},
            rollbacks=tuple(
                i.flipped_at for i in incidents if i.flipped_at and i.actor == AUTOMATIC
            ),
            left={
                i.from_version: i.flipped_at
                for i in reversed(incidents)
                if i.from_version and i.flipped_at
            },
            sick=_unproved(incidents) | dict(gauge.sick),
            breaches=gauge.assessment.breaches,
            unjudged=gauge.assessment.unjudged,
            neighbours=await self._gauges.neighbours(
                deployment, others, gauge.assessment, policy, now
            )
            if is_wrong
            else {},
            base_changed=self._base.changed(now) if is_wrong else None,
            suspicion_known=self._suspicions.knows(deployment, policy, now),
            proposal=await asyncio.to_thread(
                self._stores.proposals.newest, deployment.name, deployment.epoch, Act.ROLLBACK
            ),
        )


def _standing(deployment: Deployment, last: Decided | None) -> frozenset[str]:
    """Return the rules that were broken at the last look, if that was in this epoch."""
    if last is None or last.case.deployment.epoch != deployment.epoch:
        return frozenset()
    return frozenset(str(breach.threshold) for breach in last.case.situation.breaches)


def _unproved(incidents: Sequence[Incident]) -> dict[str, str]:
    """Return the versions whose last proof failed, and why that matters.

    Args:
        incidents: newest first.
    """
    newest: dict[str, Phase] = {}
    for incident in incidents:
        if incident.to_version is not None and incident.flipped_at is not None:
            newest.setdefault(incident.to_version, incident.phase)
    return {
        name: "the engine last answered under its name with other weights, or not at all"
        for name, phase in newest.items()
        if phase is Phase.UNPROVED
    }
