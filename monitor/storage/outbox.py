"""The outbox in Postgres: notices that wait to be addressed."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Row

from monitor.ports.alerts import Notice
from monitor.storage import values
from monitor.storage.schema import outbox


def put(connection: Connection, notice: Notice) -> None:
    """Queue a notice in the caller's transaction; once per id."""
    queued = insert(outbox).values(id=notice.id, addressed=False, **_row(notice))
    connection.execute(queued.on_conflict_do_nothing())


def replace(connection: Connection, notice: Notice) -> None:
    """Put a notice in the place of the one that waits under its id, or queue it.

    One that is on its way to its receivers already stays as it is.
    """
    queued = insert(outbox).values(id=notice.id, addressed=False, **_row(notice))
    still_waits = outbox.c.addressed.is_(False)
    connection.execute(
        queued.on_conflict_do_update(index_elements=["id"], set_=_row(notice), where=still_waits)
    )


def notice_of(row: Row[Any]) -> Notice:
    """Return the notice of a row of the outbox."""
    return Notice(
        id=row.id,
        kind=row.kind,
        severity=row.severity,
        title=row.title,
        facts=row.facts,
        created_at=row.created_at,
        not_before=row.not_before,
    )


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "severity": notice.severity,
        "title": values.text(notice.title),
        "facts": notice.facts,
        "created_at": notice.created_at,
        "not_before": notice.not_before,
    }
