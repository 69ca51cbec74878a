"""The audit trail in Postgres: rows are added one after the other, and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Text, cast, func, insert, select, text
from sqlalchemy.engine import Connection, Engine, Row

from monitor.ports.audit import AuditLog
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import audit_log
from rollback import audit
from rollback.audit import AuditRow

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('backstop.audit'))")
_PAGE = 500
_COLUMNS = tuple(column.name for column in audit_log.columns)

# Whatever somebody put into the table must be read, or it could not be named: moments that Python
# has no value for become others, and payloads are parsed here.
_YEARS = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
ROWS: Select[Any] = select(
    *(column for column in audit_log.columns if column.name not in ("at", "payload")),
    func.least(func.greatest(audit_log.c.at, _YEARS[0]), _YEARS[1]).label("at"),
    cast(audit_log.c.payload, Text).label("payload"),
)


class PostgresAuditLog(AuditLog):
    """`ports.AuditLog` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self, *, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        """Add a row in a transaction of its own."""
        with transaction(self._engine) as connection:
            add(connection, actor=actor, action=action, subject=subject, payload=payload, at=at)

    def rows(self) -> Iterator[AuditRow]:
        """Return every row, oldest first, streamed."""
        last = 0
        while page := self._page(last):
            yield from page
            last = page[-1].seq

    def row(self, seq: int) -> AuditRow | None:
        """Return the row of a number, if it is there."""
        with transaction(self._engine) as connection:
            found = connection.execute(ROWS.where(audit_log.c.seq == seq))
            row = found.one_or_none()
        return None if row is None else audit_row(row)

    def newest(self, limit: int) -> Sequence[AuditRow]:
        """Return the last rows, newest first."""
        last = ROWS.order_by(audit_log.c.seq.desc()).limit(limit)
        with transaction(self._engine) as connection:
            return [audit_row(row) for row in connection.execute(last)]

    def _page(self, after: int) -> list[AuditRow]:
        """Return the next rows: rows never change, so no transaction need span the pages."""
        following = ROWS.where(audit_log.c.seq > after).order_by(audit_log.c.seq).limit(_PAGE)
        with transaction(self._engine) as connection:
            return [audit_row(row) for row in connection.execute(following)]


def add(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
    at: datetime,
) -> None:
    """Add a row in the caller's transaction, as its last act: other writers wait for its end."""
    connection.execute(_ONE_AT_A_TIME)
    newest = ROWS.order_by(audit_log.c.seq.desc()).limit(1)
    previous = connection.execute(newest).one_or_none()
    row = audit.next_row(
        None if previous is None else audit_row(previous),
        at=at,
        actor=values.text(actor),
        action=action,
        subject=values.text(subject),
        payload=values.jsonable(payload),
    )
    connection.execute(insert(audit_log).values({name: getattr(row, name) for name in _COLUMNS}))


def audit_row(row: Row[*tuple[Any, ...]]) -> AuditRow:
    """Return the act of one of `ROWS`."""
    return AuditRow(**{**row._mapping, "payload": _payload(row.payload)})


def _payload(stored: str) -> Any:
    """Return a payload; one that no JSON reader takes was not written here, and fits no hash."""
    try:
        return json.loads(stored)
    except (ValueError, RecursionError):
        return {"unreadable": stored[:100]}
