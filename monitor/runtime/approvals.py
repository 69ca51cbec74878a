"""Proposes what the policy lets nobody do without a person's word."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime

import structlog

from monitor.ports.alerts import Notice
from monitor.ports.decisions import Proposals
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment
from rollback.proposal import Act, Proposal

log = structlog.get_logger(__name__)


class Approvals:
    """Puts proposals before people."""

    def __init__(self, proposals: Proposals, link: str) -> None:
        self._proposals = proposals
        self._link = link

    async def propose_rollback(
        self, deployment: Deployment, to: str | None, reason: str, *, needed: int, now: datetime
    ) -> Proposal:
        """Ask whether a version may come back; once for each epoch and version."""
        return await self._propose(deployment, Act.ROLLBACK, to, reason, AUTOMATIC, needed, now)

    async def propose_promotion(
        self,
        deployment: Deployment,
        version: str,
        reason: str,
        *,
        actor: str,
        needed: int,
        now: datetime,
    ) -> Proposal:
        """Ask whether a version may serve, if it passes the gate; once for each epoch and version."""
        return await self._propose(deployment, Act.PROMOTION, version, reason, actor, needed, now)

    async def _propose(
        self,
        deployment: Deployment,
        act: Act,
        version: str | None,
        reason: str,
        actor: str,
        needed: int,
        now: datetime,
    ) -> Proposal:
        key = f"proposal:{act.value}:{deployment.name}:{deployment.epoch}:{version or ''}"
        if needed > 1:  # a stricter policy asks anew: what fewer people said does not do any more
            key += f":{needed}"
        proposal = Proposal(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            deployment=deployment.name,
            epoch=deployment.epoch,
            act=act,
            version=version,
            reason=reason,
            made_at=now,
            made_by=actor,
            needed=needed,
        )
        log.warning("proposed", deployment=deployment.name, act=act.value, version=version)
        return await asyncio.to_thread(self._proposals.put, proposal, self._notice(proposal))

    def _notice(self, proposal: Proposal) -> Notice:
        what = {Act.ROLLBACK: "a rollback", Act.PROMOTION: "a promotion"}[proposal.act]
        who = "a person" if proposal.needed == 1 else f"{proposal.needed} people"
        return Notice(
            id=proposal.id,
            kind="proposal",
            severity="critical" if proposal.act is Act.ROLLBACK else "info",
            title=f"{proposal.deployment}: {what} waits for {who}: backstop approve {proposal.id}",
            facts={
                "deployment": proposal.deployment,
                "to": proposal.version,
                "reason": proposal.reason,
                "actor": proposal.made_by,
                "link": self._link,
            },
            created_at=proposal.made_at,
        )
