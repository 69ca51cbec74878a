"""Decisions in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine, Row

from monitor.errors import NotFound
from monitor.ports.decisions import Decisions
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import decisions
from rollback import case as cases
from rollback import decided as decided_by
from rollback.decided import Decided


class PostgresDecisions(Decisions):
    """`ports.Decisions` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, decided: Decided) -> None:
        """Store a decision; once per id."""
        row = {
            "id": decided.id,
            "deployment": decided.case.deployment.name,
            "epoch": decided.case.deployment.epoch,
            "at": decided.at,
            "kind": decided.kind,
            "decision": decided_by.dump(decided.decision),
            "inputs": cases.dump(decided.case),
        }
        with transaction(self._engine) as connection:
            connection.execute(insert(decisions).values(row).on_conflict_do_nothing())

    def get(self, decision_id: str) -> Decided:
        """Return a decision. Raises `NotFound`."""
        wanted = select(decisions).where(decisions.c.id == values.text(decision_id))
        with transaction(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(
                f"there is no decision {decision_id!r}; "
                "`backstop policy explain DEPLOYMENT` shows the last ones"
            )
        return _decided(row)

    def list(self, deployment: str, limit: int = 20) -> Sequence[Decided]:
        """Return a deployment's decisions, newest first."""
        newest = (
            select(decisions)
            .where(decisions.c.deployment == values.text(deployment))
            .order_by(decisions.c.at.desc(), decisions.c.id)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [_decided(row) for row in connection.execute(newest)]


def _decided(row: Row[Any]) -> Decided:
    return Decided(
        id=row.id,
        at=row.at,
        case=cases.load(row.inputs),
        decision=decided_by.load(row.decision),
    )
