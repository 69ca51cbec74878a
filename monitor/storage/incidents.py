"""Incidents in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.errors import NotFound
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Incidents
from monitor.storage import audit, outbox, values
from monitor.storage.database import transaction
from monitor.storage.schema import incidents
from rollback.actors import AUTOMATIC
from rollback.incident import UNFINISHED, Incident, Phase, is_ahead

_COLUMNS = tuple(column.name for column in incidents.columns)


class PostgresIncidents(Incidents):
    """`ports.Incidents` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, incident: Incident, notice: Notice) -> None:
        """Record an incident without a flip (a freeze), with audit and outbox rows; once per id."""
        with transaction(self._engine) as connection:
            if not add(connection, incident):
                return
            outbox.put(connection, notice)
            audit.add(
                connection,
                actor=incident.actor,
                action="incident.open",
                subject=incident.deployment,
                payload={
                    "incident": incident.id,
                    "phase": incident.phase,
                    "reason": incident.reason,
                    "evidence": incident.evidence,
                },
                at=incident.opened_at,
            )

    def advance(
        self,
        incident_id: str,
        phase: Phase,
        *,
        at: datetime,
        exposure: int | None = None,
        notice: Notice | None = None,
    ) -> Incident:
        """Record that a step is done, once; a phase that is passed already is left alone.

        A notice replaces the one that waits under its id and is due at once; one that has left
        is left alone.
        """
        with transaction(self._engine) as connection:
            before = _locked(connection, incident_id)
            if not is_ahead(phase, before.phase):
                return before
            changes = _changes(phase, at, exposure)
            connection.execute(
                update(incidents).where(incidents.c.id == incident_id).values(**changes)
            )
            if notice is not None:
                outbox.replace(connection, notice)
            audit.add(
                connection,
                actor=AUTOMATIC,
                action=f"incident.{phase.value}",
                subject=before.deployment,
                payload={"incident": incident_id, "exposure": exposure},
                at=at,
            )
            return _locked(connection, incident_id)

    def unfinished(self) -> Sequence[Incident]:
        """Return incidents in phase FLIPPED or CONVERGED, oldest first."""
        phases = [phase.value for phase in UNFINISHED]
        waiting = (
            select(incidents)
            .where(incidents.c.phase.in_(phases))
            .order_by(incidents.c.opened_at, incidents.c.id)
        )
        with transaction(self._engine) as connection:
            return [incident(row) for row in connection.execute(waiting)]

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises `NotFound`."""
        wanted = select(incidents).where(incidents.c.id == values.text(incident_id))
        with transaction(self._engine) as connection:
            return _found(connection.execute(wanted).one_or_none(), incident_id)

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Incident]:
        """Return incidents, newest first."""
        newest = select(incidents).order_by(incidents.c.opened_at.desc(), incidents.c.epoch.desc())
        if deployment is not None:
            newest = newest.where(incidents.c.deployment == values.text(deployment))
        with transaction(self._engine) as connection:
            return [incident(row) for row in connection.execute(newest.limit(limit))]


def add(connection: Connection, incident: Incident) -> bool:
    """Store an incident in the caller's transaction; False if its id is there already."""
    row = {name: getattr(incident, name) for name in _COLUMNS}
    row |= {"phase": incident.phase.value, "reason": values.text(incident.reason)}
    new = insert(incidents).values(row).on_conflict_do_nothing(index_elements=["id"])
    return connection.execute(new.returning(incidents.c.id)).one_or_none() is not None


def is_known(connection: Connection, incident_id: str) -> bool:
    """Tell whether an incident is stored."""
    known = select(incidents.c.id).where(incidents.c.id == incident_id)
    return connection.execute(known).one_or_none() is not None


def _locked(connection: Connection, incident_id: str) -> Incident:
    wanted = select(incidents).where(incidents.c.id == incident_id).with_for_update()
    return _found(connection.execute(wanted).one_or_none(), incident_id)


def _found(row: Row[Any] | None, incident_id: str) -> Incident:
    if row is None:
        raise NotFound(f"there is no incident {incident_id!r}; `/api/incidents` lists them")
    return incident(row)


def _changes(phase: Phase, at: datetime, exposure: int | None) -> dict[str, Any]:
    changes: dict[str, Any] = {"phase": phase.value}
    match phase:
        case Phase.CONVERGED:
            changes["converged_at"] = at
        case Phase.PROVED:
            changes["proved_at"] = at
    if exposure is not None:
        changes["exposure"] = exposure
    return changes


def incident(row: Row[Any]) -> Incident:
    """Return the incident of a row."""
    return Incident(**{**row._mapping, "phase": Phase(row.phase)})
