"""Canaries in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Engine

from monitor.errors import Conflict
from monitor.ports.alerts import Notice
from monitor.ports.canaries import CanaryStore
from monitor.storage import audit, canary_rows, incidents, outbox, pointers, registry, sharing
from monitor.storage.database import transaction
from monitor.storage.schema import exchanges
from rollback.actors import AUTOMATIC
from rollback.canary import Advance, Canary, Outcome
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.versions import VersionState


class PostgresCanaries(CanaryStore):
    """`ports.CanaryStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, canary: Canary) -> Deployment:
        """Give a candidate its first share, with an audit row."""
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, canary.deployment, canary.epoch)
            if before.candidate is not None:
                raise Conflict(
                    f"{before.candidate} has a share of {before.name} already: take it away first "
                    f'with `backstop adapters share {before.name} -m "WHY"`'
                )
            registry.require_released(registry.locked(connection, canary.candidate))
            after = replace(
                before,
                candidate=canary.candidate,
                candidate_share=canary.share,
                canary=canary.id,
                revision=before.revision + 1,
            )
            canary_rows.add(connection, canary)
            pointers.write(connection, after)
            sharing.settle(connection, before, after, actor=canary.actor, reason=canary.reason)
            _record(connection, after, canary, canary.actor, canary.reason, {}, canary.started_at)
        return after

    def running(self, deployment: str) -> Canary | None:
        """Return the canary that runs, with all that was observed."""
        with transaction(self._engine) as connection:
            return canary_rows.running(connection, deployment)

    def advance(self, canary: Canary, move: Advance, at: datetime) -> Deployment:
        """Begin the next step, with an audit row."""
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, canary.deployment, canary.epoch)
            found = canary_rows.locked(connection, before, canary.id)
            if found.step != canary.step:
                raise Conflict(f"the canary {canary.id} is at step {found.step} already")
            moved = replace(
                found,
                step=move.step,
                step_started_at=at,
                step_callers=found.compared.candidate[0],
            )
            after = replace(before, candidate_share=moved.share, revision=before.revision + 1)
            canary_rows.write(connection, moved)
            pointers.write(connection, after)
            _record(connection, after, moved, AUTOMATIC, move.reason, move.numbers, at)
        return after

    def withdraw(
        self, canary: Canary, incident: Incident, notice: Notice, evidence: Mapping[str, Any]
    ) -> Deployment:
        """Take the candidate away and quarantine it, with incident, audit and outbox rows."""
        at = incident.opened_at
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, canary.deployment, canary.epoch)
            found = canary_rows.locked(connection, before, canary.id)
            version = registry.locked(connection, canary.candidate)
            quarantined = VersionState.QUARANTINED
            registry.move(
                connection, version, quarantined, incident.reason, actor=incident.actor
            )  # and with that its share is gone
            after = pointers.read(connection, canary.deployment)
            canary_rows.write(connection, replace(found, outcome=Outcome.WITHDRAWN, ended_at=at))
            exposed = replace(incident, exposure=_exposure(connection, canary))
            incidents.add(connection, exposed)
            facts = {**notice.facts, "exposure": exposed.exposure}
            outbox.put(connection, replace(notice, facts=facts))
            _record(connection, after, canary, incident.actor, incident.reason, evidence, at)
        return after

    def recent(self, deployment: str, limit: int) -> Sequence[Canary]:
        """Return the canaries of a deployment, newest first."""
        with transaction(self._engine) as connection:
            return canary_rows.recent(connection, deployment, limit)


def _exposure(connection: Connection, canary: Canary) -> int:
    """Count the answers that the candidate has on record."""
    rows = exchanges.c
    count = (
        select(func.count())
        .select_from(exchanges)
        .where(
            rows.deployment == canary.deployment,
            rows.epoch == canary.epoch,
            rows.adapter == canary.candidate,
            rows.started_at >= canary.started_at,
        )
    )
    return connection.execute(count).scalar_one()


def _record(
    connection: Connection,
    after: Deployment,
    canary: Canary,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime,
) -> None:
    """Write the audit row: a share like any other, with the canary that it is of."""
    audit.add(
        connection,
        actor=actor,
        action="deployment.share",
        subject=after.name,
        payload={
            "epoch": after.epoch,
            "revision": after.revision,
            "candidate": after.candidate,
            "candidate_share": after.candidate_share,
            "shadow_rate": after.shadow_rate,
            "canary": canary.id,
            "quarantined": canary.candidate if after.candidate is None else None,
            "reason": reason,
            "evidence": dict(evidence),
        },
        at=at,
    )
