"""What people say about a deployment: pinned or not, this proposal yes or no."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.errors import Conflict
from monitor.ports.stores import Stores
from monitor.runtime.approvals import Approvals
from rollback.deployment import Deployment
from rollback.proposal import Answer, Proposal


class Consent:
    """Records what people say; what follows is done by the ways that are there for it."""

    def __init__(self, stores: Stores, approvals: Approvals, wake: Callable[[], None]) -> None:
        self._stores = stores
        self._approvals = approvals
        self._wake = wake

    async def pin(self, deployment: Deployment, *, actor: str, reason: str) -> Deployment:
        """Hold the active version where it is, until somebody unpins it."""
        return await self._amend(deployment, actor, reason, pinned=f"{reason} ({actor})")

    async def unpin(self, deployment: Deployment, *, actor: str, reason: str) -> Deployment:
        """Let the version be moved again. Raises `Conflict` if it is not pinned."""
        if deployment.pinned is None:
            raise Conflict(f"{deployment.name} is not pinned")
        return await self._amend(deployment, actor, reason, pinned="")

    async def answer(
        self, proposal_id: str, answer: Answer, *, actor: str, reason: str
    ) -> Proposal:
        """Say yes or no to a proposal. Raises `NotFound`, `Conflict`."""
        answered = await asyncio.to_thread(
            self._stores.proposals.answer,
            proposal_id,
            answer,
            actor=actor,
            reason=reason,
            at=datetime.now(UTC),
        )
        self._wake()
        return answered

    async def require(
        self, deployment: Deployment, version: str, *, needed: int, actor: str, reason: str
    ) -> None:
        """Return once a promotion is approved by as many people as are needed; else propose it.

        Raises `Conflict` that says so.
        """
        asked = await self._approvals.propose_promotion(
            deployment, version, reason, actor=actor, needed=needed, now=datetime.now(UTC)
        )
        if asked.answer is Answer.PENDING:
            raise Conflict(
                f"the policy of {deployment.name} lets nothing be promoted without approval: "
                f"{version} is proposed, and `backstop approve {asked.id}` "
                + ("promotes it" if asked.lacks == 1 else f"of {asked.lacks} people promotes it")
            )
        if asked.answer is Answer.REJECTED:
            raise Conflict(
                f"{asked.answered_by} said no to {version}: {asked.answer_reason or 'no reason'}"
            )

    async def _amend(
        self, deployment: Deployment, actor: str, reason: str, *, pinned: str
    ) -> Deployment:
        amended = await asyncio.to_thread(
            self._stores.deployments.amend,
            deployment.name,
            expected_epoch=deployment.epoch,
            actor=actor,
            reason=reason,
            at=datetime.now(UTC),
            pinned=pinned,
        )
        self._wake()
        return amended
