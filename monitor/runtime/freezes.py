"""Freezes a deployment that must not be moved by itself any more, and pages."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import structlog

from monitor.ports.alerts import Notice
from monitor.ports.stores import Stores
from rollback.decision import Freeze
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase

log = structlog.get_logger(__name__)


class Freezes:
    """Stops automatic changes until a person thaws the deployment."""

    def __init__(self, stores: Stores, link: str) -> None:
        self._stores = stores
        self._link = link

    async def freeze(self, deployment: Deployment, decided: Freeze, *, actor: str) -> None:
        """Record the incident and page first, then set the mark: a kill in between repeats both.

        The incident's id follows from deployment and epoch, so that a repetition is none.
        """
        now = datetime.now(UTC)
        incident = _incident(deployment, decided, actor, now)
        await asyncio.to_thread(self._stores.incidents.open, incident, self._notice(incident, now))
        await asyncio.to_thread(
            self._stores.deployments.amend,
            deployment.name,
            expected_epoch=deployment.epoch,
            actor=actor,
            reason=decided.reason,
            at=now,
            frozen=decided.reason,
        )
        log.error("frozen", deployment=deployment.name, reason=decided.reason)

    def _notice(self, incident: Incident, now: datetime) -> Notice:
        return Notice(
            id=incident.id,
            kind="freeze",
            severity="critical",
            title=f"{incident.deployment}: harm is shown, and nothing good to roll back to",
            facts={
                "deployment": incident.deployment,
                "incident": incident.id,
                "from": incident.from_version,
                "reason": incident.reason,
                "actor": incident.actor,
                "link": self._link,
            },
            created_at=now,
        )


def _incident(deployment: Deployment, decided: Freeze, actor: str, now: datetime) -> Incident:
    return Incident(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"freeze:{deployment.name}:{deployment.epoch}")),
        deployment=deployment.name,
        opened_at=now,
        phase=Phase.FROZEN,
        from_version=deployment.active,
        to_version=None,
        reason=decided.reason,
        actor=actor,
        epoch=deployment.epoch,
        evidence=decided.numbers,
        promoted_at=deployment.promoted_at,
        decided_at=now,
    )
