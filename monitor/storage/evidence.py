"""Judges' states, references and the evidence curve in Postgres."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.ports.evidence import EvidenceStore
from monitor.ports.record import Observed
from monitor.storage import canary_rows, curves, observations, values
from monitor.storage.copying import copy_new
from monitor.storage.database import transaction
from monitor.storage.schema import (
    deployments,
    detector_states,
    evidence_points,
    golden_runs,
    reference_drafts,
    references,
)
from rollback.evidence import EvidencePoint, JudgeState

_COLUMNS = tuple(column.name for column in evidence_points.columns)
_CHANGEABLE = [column.name for column in evidence_points.columns if not column.primary_key]
_KEEP_LATER = sql.SQL(
    "(deployment, epoch, position) DO UPDATE SET ({names}) = ROW({new})"
    " WHERE excluded.at > evidence_points.at"
).format(
    names=sql.SQL(", ").join(map(sql.Identifier, _CHANGEABLE)),
    new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in _CHANGEABLE),
)


class PostgresEvidence(EvidenceStore):
    """`ports.EvidenceStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return the saved state, unless the pointer has moved since it was saved."""
        states, pointers = detector_states, deployments
        current = (
            select(states, pointers.c.epoch.label("pointer"))
            .outerjoin(pointers, pointers.c.name == states.c.deployment)
            .where(states.c.deployment == deployment)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(current).one_or_none()
        if row is None or (row.pointer is not None and row.epoch < row.pointer):
            return None
        return JudgeState(
            deployment=deployment, epoch=row.epoch, position=row.position, state=row.state
        )

    def save(
        self,
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        read: Mapping[str, tuple[int, int]],
        dealt: Sequence[Observed] = (),
    ) -> None:
        """Write what judges found with how far they have read, in one transaction.

        Raises `Conflict`, and writes nothing, if somebody else has read on from there.
        """
        with transaction(self._engine) as connection:
            observations.advance(connection, read)
            add(connection, points)
            save_states(connection, states)
            canary_rows.observe(connection, dealt)

    def newest(self, deployment: str, epoch: int) -> EvidencePoint | None:
        """Return the last point of an epoch, or `None` before its first."""
        points = evidence_points.c
        last = (
            select(evidence_points)
            .where(points.deployment == deployment, points.epoch == epoch)
            .order_by(points.position.desc())
            .limit(1)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(last).one_or_none()
        return None if row is None else _point(row)

    def curve(
        self,
        deployment: str,
        since: datetime,
        *,
        until: datetime | None = None,
        most: int = 400,
    ) -> Sequence[EvidencePoint]:
        """Return the evidence curve in [since, until), oldest first, thinned to `most` slots."""
        with transaction(self._engine) as connection:
            return [_point(row) for row in curves.read(connection, deployment, since, until, most)]

    def save_reference(
        self, version: str | None, deployment: str, payload: bytes, size: int, at: datetime
    ) -> None:
        """Freeze the reference answers' scores of a version; once, later calls change nothing."""
        frozen = insert(references).values(
            deployment=deployment, version=values.key(version), payload=payload, size=size, at=at
        )
        with transaction(self._engine) as connection:
            connection.execute(frozen.on_conflict_do_nothing())

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the frozen reference of a version in a deployment."""
        payload = select(references.c.payload).where(
            references.c.deployment == deployment, references.c.version == values.key(version)
        )
        with transaction(self._engine) as connection:
            found = connection.execute(payload).scalar_one_or_none()
        return None if found is None else bytes(found)

    def wrong_answers(self, deployment: str, version: str | None) -> Mapping[str, Any] | None:
        """Return what the version's newest golden run taught of wrong answers, if it taught any."""
        runs = golden_runs.c
        taught = runs.summary["wrong_answers"]
        newest = (
            select(taught)
            .where(
                runs.deployment == deployment,
                runs.subject.is_not_distinct_from(version),
                or_(
                    func.jsonb_typeof(taught["learnt"]) == "object",
                    func.jsonb_typeof(taught["learnt_beside"]) == "object",
                ),
            )
            .order_by(runs.started_at.desc(), runs.id)
            .limit(1)
        )
        with transaction(self._engine) as connection:
            found: Mapping[str, Any] | None = connection.execute(newest).scalar_one_or_none()
        return found

    def draft_reference(
        self, deployment: str, version: str | None, epoch: int, payload: bytes, size: int
    ) -> None:
        """Offer a reference of a version's first answers under an epoch; the first one stays."""
        offered = insert(reference_drafts).values(
            deployment=deployment,
            epoch=epoch,
            version=values.key(version),
            payload=payload,
            size=size,
        )
        with transaction(self._engine) as connection:
            connection.execute(offered.on_conflict_do_nothing())

    def drafted(self, deployment: str, epoch: int) -> tuple[bytes, int] | None:
        """Return the reference offered under an epoch, and of how many answers it is."""
        drafts = reference_drafts.c
        wanted = select(drafts.payload, drafts.size).where(
            drafts.deployment == deployment, drafts.epoch == epoch
        )
        with transaction(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else (bytes(row.payload), row.size)


def add(connection: Connection, points: Sequence[EvidencePoint]) -> None:
    """Write points of the curve. Of two at one position the later stays.

    A golden run is weighed between two answers, so its point stands at the position of the first.
    """
    latest = {(each.deployment, each.epoch, each.position): _row(each) for each in points}
    if latest:
        copy_new(
            connection, evidence_points, _COLUMNS, list(latest.values()), on_conflict=_KEEP_LATER
        )


def save_states(connection: Connection, states: Sequence[JudgeState]) -> None:
    """Keep each judge's newest state: one of an older epoch or position changes nothing."""
    for state in states:
        new = insert(detector_states).values(
            deployment=state.deployment,
            epoch=state.epoch,
            position=state.position,
            state=dict(state.state),
        )
        fresh, stored = new.excluded, detector_states.c
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["deployment"],
                set_={name: fresh[name] for name in ("epoch", "position", "state")},
                where=tuple_(fresh.epoch, fresh.position) >= tuple_(stored.epoch, stored.position),
            )
        )


def _row(point: EvidencePoint) -> tuple[Any, ...]:
    """Return the values of a point in the order of `_COLUMNS`."""
    row = {name: getattr(point, name) for name in _COLUMNS}
    row["channels"] = json.dumps(dict(point.channels))
    return tuple(row.values())


def _point(row: Row[Any]) -> EvidencePoint:
    return EvidencePoint(**{name: getattr(row, name) for name in _COLUMNS})
