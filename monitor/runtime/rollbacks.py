"""Executes a rollback: flip, converge, prove, tell. Each step is taken once, by whoever leads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from monitor.errors import BadAdapter, EngineError
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from monitor.runtime.convergence import Convergence
from monitor.runtime.failpoints import Failpoint, Failpoints
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment, baseline_after_rollback
from rollback.incident import Incident, Phase

log = structlog.get_logger(__name__)


# The notice waits so long for the proof; killed in between, it leaves without.
_WAIT_FOR_PROOF = timedelta(seconds=15)
# A replica that was silent for so long is taken for dead. One that lives on, cut off from Postgres,
# routes by its old epoch until Postgres is back: the proof is about the engine, not about it.
_ALIVE = timedelta(seconds=10)
_PROOF_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A rollback that was decided upon."""

    to: str | None
    reason: str
    actor: str
    evidence: Mapping[str, Any]
    decided_at: datetime
    suspected_at: datetime | None = None


class Rollbacks:
    """Carries rollbacks out.

    Args:
        ready: loads a version on the engine unless it is there.
        settle: returns once the last answers of a deployment's epoch are recorded.
        link: address of the dashboard, for the alerts.
    """

    def __init__(
        self,
        stores: Stores,
        engine: Engine,
        engine_name: str,
        ready: Callable[[str | None], Awaitable[None]],
        convergence: Convergence,
        settle: Callable[[str, int], Awaitable[None]],
        link: str,
        failpoints: Failpoints,
    ) -> None:
        self._stores = stores
        self._engine = engine
        self._engine_name = engine_name
        self._ready = ready
        self._convergence = convergence
        self._settle = settle
        self._link = link
        self._failpoints = failpoints

    async def flip(self, deployment: Deployment, order: Order) -> Incident:
        """Move the pointer with everything that must be written with it, and route by it.

        Raises `Conflict` if somebody else moved the pointer first.
        """
        now = datetime.now(UTC)
        incident = _incident(deployment, order, now)
        self._failpoints.reach(Failpoint.ROLLBACK_DECIDED)
        flipped = await asyncio.to_thread(
            self._stores.deployments.flip,
            Flip(
                deployment=deployment.name,
                expected_epoch=deployment.epoch,
                active=order.to,
                baseline=baseline_after_rollback(deployment, order.to),
                actor=order.actor,
                reason=order.reason,
                at=now,
                action="rollback",
                # What a person decides settles what froze the deployment before.
                frozen=None if order.actor == AUTOMATIC else "",
                quarantine=deployment.active,
                incident=incident,
                notice=self._notice(incident, "rollback", "critical", hold=_WAIT_FOR_PROOF),
                evidence=order.evidence,
            ),
        )
        self._failpoints.reach(Failpoint.ROLLBACK_FLIPPED)
        self._convergence.route(flipped)
        self._failpoints.reach(Failpoint.ROLLBACK_ROUTED)
        log.warning(
            "rolled back",
            deployment=deployment.name,
            bad=deployment.active,
            to=order.to,
            reason=order.reason,
        )
        return incident

    async def finish(self, incident: Incident) -> Incident:
        """Take the steps that are left: converge, prove, tell. Idempotent."""
        if incident.phase is Phase.FLIPPED:
            incident = await self._converged(incident)
        if incident.phase is Phase.CONVERGED:
            incident = await self._proved(incident)
        return incident

    async def _converged(self, incident: Incident) -> Incident:
        deployments = await self._convergence.converge()
        if any(d.name == incident.deployment and d.epoch < incident.epoch for d in deployments):
            return incident
        now = datetime.now(UTC)
        lagging = await asyncio.to_thread(
            self._stores.acknowledgements.lagging,
            incident.deployment,
            incident.epoch,
            now - _ALIVE,
        )
        if lagging:
            log.warning("replicas lag", incident=incident.id, replicas=list(lagging))
            return incident
        self._failpoints.reach(Failpoint.ROLLBACK_FOLLOWED)
        converged = await asyncio.to_thread(
            self._stores.incidents.advance, incident.id, Phase.CONVERGED, at=now
        )
        self._failpoints.reach(Failpoint.ROLLBACK_CONVERGED)
        return converged

    async def _proved(self, incident: Incident) -> Incident:
        failure = await self._disproof(incident.to_version)
        self._failpoints.reach(Failpoint.ROLLBACK_PROBED)
        await self._settle(incident.deployment, incident.epoch - 1)
        exposure = await asyncio.to_thread(
            self._stores.exchanges.exposure, incident.deployment, incident.epoch - 1
        )
        now = datetime.now(UTC)
        phase = Phase.UNPROVED if failure else Phase.PROVED
        proved = replace(incident, proved_at=None if failure else now)
        facts = {"exposure": exposure, "proof": failure or "the fingerprint matches"}
        told = await asyncio.to_thread(
            self._stores.incidents.advance,
            incident.id,
            phase,
            at=now,
            exposure=exposure,
            notice=self._notice(proved, phase.value, "critical", extra=facts),
        )
        self._failpoints.reach(Failpoint.ROLLBACK_PROVED)
        return told

    async def _disproof(self, version: str | None) -> str | None:
        """Say why the engine does not serve a version, or `None` if it is shown that it does."""
        expected = await asyncio.to_thread(
            self._stores.registry.fingerprint, version, self._engine_name
        )
        if expected is None:
            return f"no fingerprint of {version or 'the base model'} is stored for this engine"
        try:
            async with asyncio.timeout(_PROOF_LIMIT_S):
                await self._ready(version)  # a server may have come back empty a moment ago
                found: Fingerprint = await fingerprints.take(self._engine, version)
        except TimeoutError:
            return f"the engine did not answer the probes within {_PROOF_LIMIT_S:.0f} s"
        except (EngineError, BadAdapter) as error:
            return f"the engine does not answer as {version or 'the base model'}: {error}"
        if fingerprints.same(expected, found):
            return None
        return f"the engine answers as {version or 'the base model'} with other weights"

    def _notice(
        self,
        incident: Incident,
        kind: str,
        severity: str,
        *,
        hold: timedelta | None = None,
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> Notice:
        now = datetime.now(UTC)
        return Notice(
            id=incident.id,
            kind=kind,
            severity=severity,
            title=f"{incident.deployment}: rolled back to {incident.to_version or 'the base model'}",
            facts={**_facts(incident), "link": self._link, **extra},
            created_at=now,
            not_before=now + hold if hold else None,
        )


def _incident(deployment: Deployment, order: Order, now: datetime) -> Incident:
    return Incident(
        id=str(uuid.uuid4()),
        deployment=deployment.name,
        opened_at=now,
        phase=Phase.FLIPPED,
        from_version=deployment.active,
        to_version=order.to,
        reason=order.reason,
        actor=order.actor,
        epoch=deployment.epoch + 1,
        evidence=order.evidence,
        promoted_at=deployment.promoted_at,
        suspected_at=order.suspected_at,
        decided_at=order.decided_at,
        flipped_at=now,
    )


def _facts(incident: Incident) -> dict[str, Any]:
    return {
        "deployment": incident.deployment,
        "incident": incident.id,
        "from": incident.from_version,
        "to": incident.to_version,
        "reason": incident.reason,
        "actor": incident.actor,
        "durations": _durations(incident),
        "since": (incident.suspected_at or incident.decided_at or incident.opened_at).isoformat(),
    }


def _durations(incident: Incident) -> dict[str, float]:
    """Return the seconds from the promotion to each step that is done."""
    start = incident.promoted_at
    steps = {
        "to suspicion": incident.suspected_at,
        "to decision": incident.decided_at,
        "to flip": incident.flipped_at,
        "to last replica": incident.converged_at,
        "to proof": incident.proved_at,
    }
    return {
        name: (moment - start).total_seconds()
        for name, moment in steps.items()
        if start is not None and moment is not None
    }
