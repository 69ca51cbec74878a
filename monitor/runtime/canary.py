"""Canaries: a candidate's share of the callers grows, or goes, by evidence alone.

Level-triggered: each tick of the leader reads the canary as it is stored, and takes the step that is
due. Every step is one transaction, so that whoever leads next goes on from what is stored.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from monitor.errors import Conflict
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.ports.stores import Stores
from monitor.runtime.convergence import Convergence
from monitor.runtime.promotion import Promotion, Wish
from rollback import canary as rules
from rollback.actors import AUTOMATIC
from rollback.canary import Advance, Canary, PromoteAll, Withdraw
from rollback.canary_policy import CanaryPolicy
from rollback.deployment import Deployment, baseline_after_promotion
from rollback.incident import Incident, Phase
from rollback.policy import Policy
from rollback.randomized import Randomized

log = structlog.get_logger(__name__)


class Canaries:
    """Begins canaries, and sees to those that run.

    Args:
        policies: deployment → by what rules its canaries go; the defaults where there is none.
        link: address of the dashboard, for the alerts.
    """

    def __init__(
        self,
        stores: Stores,
        promotion: Promotion,
        convergence: Convergence,
        policies: Mapping[str, CanaryPolicy],
        link: str,
    ) -> None:
        self._stores = stores
        self._promotion = promotion
        self._convergence = convergence
        self._policies = dict(policies)
        self._link = link

    async def begin(self, wish: Wish, policy: Policy) -> Deployment:
        """Give a version its first share of the callers, if it passes the golden gate.

        Raises `Conflict` (quarantined, active already, frozen, another candidate is there),
        `GateRefused`, `EngineError`.
        """
        deployment = wish.deployment
        if deployment.frozen is not None:
            raise Conflict(
                f"{deployment.name} is frozen ({deployment.frozen}), so no canary could move: "
                "thaw it first"
            )
        await self._promotion.examine(wish, policy)
        now = datetime.now(UTC)
        rules_of_it = self._policies.get(deployment.name, CanaryPolicy())
        canary = Canary(
            id=uuid.uuid4().hex,
            deployment=deployment.name,
            candidate=wish.version.name,
            against=deployment.active,
            epoch=deployment.epoch,
            policy=rules_of_it,
            compared=Randomized(rules_of_it.margin),
            actor=wish.actor,
            reason=wish.reason,
            started_at=now,
            step_started_at=now,
        )
        begun = await asyncio.to_thread(self._stores.canaries.begin, canary)
        self._convergence.route(begun)
        log.info("canary", deployment=begun.name, candidate=canary.candidate, share=canary.share)
        return begun

    async def see_to(self, deployment: Deployment, policy: Policy, now: datetime) -> None:
        """Take the step that is due. Raises `Conflict` if somebody else was faster.

        Nothing moves by itself in a frozen deployment, nor in a dry run; a pinned one gives no more to a
        candidate, and may take back what it has.
        """
        if deployment.canary is None or deployment.frozen is not None or policy.dry_run:
            return
        canary = await asyncio.to_thread(self._stores.canaries.running, deployment.name)
        if canary is None or canary.epoch != deployment.epoch:
            return
        move = rules.next_move(canary, now)
        if deployment.pinned is not None and not isinstance(move, Withdraw):
            return
        match move:
            case Advance():
                moved = await asyncio.to_thread(self._stores.canaries.advance, canary, move, now)
            case PromoteAll():
                moved = await self._promote(deployment, canary, move, now)
            case Withdraw():
                moved = await self._withdraw(canary, move, now)
            case _:
                return
        self._convergence.route(moved)
        log.info("canary moved", deployment=moved.name, reason=move.reason)

    async def _promote(
        self, deployment: Deployment, canary: Canary, move: PromoteAll, now: datetime
    ) -> Deployment:
        return await asyncio.to_thread(
            self._stores.deployments.flip,
            Flip(
                deployment=deployment.name,
                expected_epoch=canary.epoch,
                active=canary.candidate,
                baseline=baseline_after_promotion(deployment, canary.candidate),
                actor=AUTOMATIC,
                reason=move.reason,
                at=now,
                action="promote",
                notice=self._notice(canary, "promotion", "info", "serves everybody", move.reason),
                evidence=move.numbers,
                canary=canary.id,
            ),
        )

    async def _withdraw(self, canary: Canary, move: Withdraw, now: datetime) -> Deployment:
        incident = Incident(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"canary:{canary.id}")),
            deployment=canary.deployment,
            opened_at=now,
            phase=Phase.WITHDRAWN,
            from_version=canary.candidate,
            to_version=canary.against,
            reason=move.reason,
            actor=AUTOMATIC,
            epoch=canary.epoch,
            evidence=move.numbers,
            decided_at=now,
        )
        notice = self._notice(canary, "withdrawal", "critical", "is withdrawn", move.reason)
        return await asyncio.to_thread(
            self._stores.canaries.withdraw, canary, incident, notice, move.numbers
        )

    def _notice(self, canary: Canary, kind: str, severity: str, what: str, reason: str) -> Notice:
        """Return the notice of a canary's end; a canary ends once, so its id is the notice's."""
        is_bad = kind == "withdrawal"
        there, back = canary.against, canary.candidate
        return Notice(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"canary:{canary.id}")),
            kind=kind,
            severity=severity,
            title=f"{canary.deployment}: the canary {canary.candidate} {what}",
            facts={
                "deployment": canary.deployment,
                "from": back if is_bad else there,
                "to": there if is_bad else back,
                "reason": reason,
                "link": self._link,
            },
            created_at=datetime.now(UTC),
        )
