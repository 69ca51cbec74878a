"""The outbox in Postgres: notices, and their way to each receiver."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.ports.alerts import Delivery, Notice, Outbox
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import deliveries, outbox


class PostgresOutbox(Outbox):
    """`ports.Outbox` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, notice: Notice) -> None:
        """Queue a message; a second one with the same id changes nothing."""
        with transaction(self._engine) as connection:
            put(connection, notice)

    def claim(
        self, receivers: Sequence[str], now: datetime, lease: timedelta, limit: int
    ) -> Sequence[Delivery]:
        """Return due deliveries, hidden from other claimers until the lease ends."""
        if not receivers:
            return ()
        with transaction(self._engine) as connection:
            _address(connection, receivers, now)
            due = connection.execute(_due(receivers, now, limit)).all()
            for row in due:
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.notice == row.id, deliveries.c.receiver == row.receiver)
                    .values(due_at=now + lease)
                )
        return [
            Delivery(notice=_notice(row), receiver=row.receiver, attempt=row.attempt) for row in due
        ]

    def sent(self, message_id: str, receiver: str, at: datetime) -> None:
        """Record that the receiver has it."""
        self._settle(message_id, receiver, {"due_at": None, "sent_at": at, "error": None})

    def failed(
        self, message_id: str, receiver: str, at: datetime, *, error: str, retry_at: datetime | None
    ) -> None:
        """Record a failed attempt; `retry_at=None` gives up."""
        self._settle(
            message_id, receiver, {"due_at": retry_at, "error": f"{at.isoformat()} {error}"}
        )

    def _settle(self, message_id: str, receiver: str, result: dict[str, Any]) -> None:
        """Record an attempt's result, unless another one has delivered the message meanwhile."""
        if result["error"] is not None:
            result["error"] = values.text(result["error"])
        settled = (
            update(deliveries)
            .where(deliveries.c.notice == message_id, deliveries.c.receiver == receiver)
            .where(deliveries.c.sent_at.is_(None))
            .values(attempt=deliveries.c.attempt + 1, **result)
        )
        with transaction(self._engine) as connection:
            connection.execute(settled)


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


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "severity": notice.severity,
        "title": values.text(notice.title),
        "facts": notice.facts,
        "created_at": notice.created_at,
        "not_before": notice.not_before,
    }


def _address(connection: Connection, receivers: Sequence[str], now: datetime) -> None:
    """Make the deliveries of new messages, to the receivers of this moment.

    A receiver that is configured later gets what comes later, not the whole past.
    """
    addressed = (
        update(outbox)
        .where(outbox.c.addressed.is_(False))
        .where(or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now))
        .values(addressed=True)
        .returning(outbox.c.id)
    )
    for message_id in connection.execute(addressed).scalars().all():
        rows = [
            {"notice": message_id, "receiver": receiver, "attempt": 0, "due_at": now}
            for receiver in receivers
        ]
        connection.execute(insert(deliveries).on_conflict_do_nothing(), rows)


def _due(receivers: Sequence[str], now: datetime, limit: int) -> Any:
    return (
        select(outbox, deliveries.c.receiver, deliveries.c.attempt)
        .join(deliveries, deliveries.c.notice == outbox.c.id)
        .where(deliveries.c.receiver.in_(receivers), deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, outbox.c.created_at, outbox.c.id)
        .limit(limit)
        .with_for_update(of=deliveries, skip_locked=True)
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        kind=row.kind,
        severity=row.severity,
        title=row.title,
        facts=row.facts,
        created_at=row.created_at,
        not_before=row.not_before,
    )
