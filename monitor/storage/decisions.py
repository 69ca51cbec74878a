"""Decisions in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
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

log = structlog.get_logger(__name__)


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
        found = None if row is None else _decided(row)
        if found is None:
            raise NotFound(
                f"there is no decision {decision_id!r} that can be read; "
                "`backstop policy explain DEPLOYMENT` shows the last ones"
            )
        return found

    def list(self, deployment: str, limit: int = 20) -> Sequence[Decided]:
        """Return a deployment's decisions, newest first."""
        newest = (
            select(decisions)
            .where(decisions.c.deployment == values.text(deployment))
            .order_by(decisions.c.at.desc(), decisions.c.id)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(newest).all()
        return [found for found in map(_decided, rows) if found is not None]


def _decided(row: Row[Any]) -> Decided | None:
    """Return the decision of a row, or `None` for one that another version of Backstop wrote so
    that this one cannot read it: it must not stop the decisions of today.
    """
    try:
        return Decided(
            id=row.id,
            at=row.at,
            case=cases.load(row.inputs),
            decision=decided_by.load(row.decision),
        )
    except (KeyError, msgspec.ValidationError) as error:
        log.warning("a decision cannot be read", decision=row.id, error=str(error))
        return None
