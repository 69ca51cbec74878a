"""Drills in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.engine import Engine, Row

from monitor.ports.alerts import Notice
from monitor.ports.drills import Drill, DrillStore
from monitor.storage import outbox
from monitor.storage.database import transaction
from monitor.storage.schema import drills

_COLUMNS = ("id", "deployment", "version", "kind", "started_at", "finished_at")


class PostgresDrills(DrillStore):
    """`ports.DrillStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, drill: Drill) -> None:
        """Keep a drill and, if it missed its objective, tell it, in one transaction."""
        whole = msgspec.to_builtins(drill, builtin_types=(type(drill.started_at),))
        row = {name: whole.pop(name) for name in _COLUMNS}
        with transaction(self._engine) as connection:
            connection.execute(insert(drills).values(found=whole, **row))
            if not drill.is_met:
                outbox.put(connection, _notice(drill))

    def newest(self, deployment: str, limit: int) -> Sequence[Drill]:
        """Return the newest drills of a deployment, newest first."""
        wanted = (
            select(drills)
            .where(drills.c.deployment == deployment)
            .order_by(drills.c.started_at.desc())
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [_drill(row) for row in connection.execute(wanted)]


def _drill(row: Row[Any]) -> Drill:
    whole = {str(name): value for name, value in row._mapping.items()}
    found = whole.pop("found")
    return msgspec.convert({**whole, **found}, Drill)


def _notice(drill: Drill) -> Notice:
    first, limit = drill.first, drill.objective
    said = (
        "nothing stopped it" if first is None else f"{first.by.value} took {first.answers} answers"
    )
    return Notice(
        id=drill.id,
        kind="drill",
        severity="warning",
        title=f"{drill.deployment}: a drill with {drill.kind.value} missed its objective",
        facts={
            "deployment": drill.deployment,
            "from": drill.version,
            "reason": f"{said}; wanted are {limit.answers} answers and {limit.seconds:g} s",
        },
        created_at=drill.finished_at,
    )
