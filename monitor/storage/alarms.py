"""Conditions that people were told of, in Postgres."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.ports.alerts import Alarms, Notice, Raised
from monitor.storage import outbox, values
from monitor.storage.database import transaction
from monitor.storage.schema import alarms, rollups
from rollback.indicators.steps import Step


class PostgresAlarms(Alarms):
    """`ports.Alarms` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def settle(self, raised: Raised, now: datetime) -> int:
        """Tell what holds anew, and what is over; return how many notices that made."""
        mine = alarms.c.watch == raised.watch
        with transaction(self._engine) as connection:
            stored = connection.execute(select(alarms).where(mine).with_for_update()).all()
            known = {row.condition: row for row in stored}
            told = sum(
                _begin(connection, raised.watch, condition, notice, now)
                for condition, notice in raised.notices.items()
                if condition not in known
            )
            for condition, row in known.items():
                if condition in raised.notices:
                    _set_calm(connection, row, None)
                elif row.calm_since is None:
                    _set_calm(connection, row, now)
            over = [
                row
                for condition, row in known.items()
                if condition not in raised.notices and now - (row.calm_since or now) >= raised.calm
            ]
            for row in over:
                _end(connection, row, now)
        return told + len(over)

    def last_answers(self, deployments: Sequence[str]) -> Mapping[str, datetime]:
        """Return deployment → the last minute in which it gave answers, of those that gave any."""
        with transaction(self._engine) as connection:
            found = {name: connection.execute(_last(name)).scalar() for name in deployments}
        return {name: bucket for name, bucket in found.items() if bucket is not None}


def _last(deployment: str) -> Any:
    """Select the newest minute with answers; the key's order makes it one look."""
    minutes = rollups.c.step == Step.MINUTE.value, rollups.c.deployment == deployment
    return select(rollups.c.bucket).where(*minutes).order_by(rollups.c.bucket.desc()).limit(1)


def _begin(
    connection: Connection, watch: str, condition: str, notice: Notice, now: datetime
) -> bool:
    """Note a condition and tell of it; False if somebody else just did."""
    entry = insert(alarms).values(
        watch=watch,
        condition=condition,
        notice=notice.id,
        title=values.text(notice.title),
        deployment=notice.facts.get("deployment"),
        opened_at=now,
    )
    if connection.execute(entry.on_conflict_do_nothing()).rowcount == 0:
        return False
    told = replace(notice, facts={**notice.facts, "condition": condition})
    outbox.put(connection, told)
    return True


def _set_calm(connection: Connection, row: Row[Any], since: datetime | None) -> None:
    if row.calm_since != since:
        connection.execute(_row(update(alarms), row).values(calm_since=since))


def _end(connection: Connection, row: Row[Any], now: datetime) -> None:
    connection.execute(_row(delete(alarms), row))
    outbox.put(connection, _resolved(row, now))


def _row(statement: Any, row: Row[Any]) -> Any:
    return statement.where(alarms.c.watch == row.watch, alarms.c.condition == row.condition)


def _resolved(row: Row[Any], now: datetime) -> Notice:
    key = f"resolved:{row.watch}:{row.condition}:{row.opened_at.isoformat()}"
    calm = row.calm_since or now
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        kind="resolved",
        severity="info",
        title=f"over: {row.title}",
        facts={
            "condition": row.condition,
            "resolves": row.notice,
            "since": row.opened_at.isoformat(),
            "until": calm.isoformat(),
            "durations": {"from its beginning to its end": (calm - row.opened_at).total_seconds()},
        }
        | ({"deployment": row.deployment} if row.deployment else {}),
        created_at=now,
    )
