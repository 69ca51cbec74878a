"""Notices on their way to receivers, in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine

from monitor.ports.alerts import Addressing, Delivery, MailRoom, Notice, Posted
from monitor.storage import addressing as addresses
from monitor.storage import outbox as waiting
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.outbox import notice_of
from monitor.storage.schema import deliveries, outbox, receivers

_LEADS = (deliveries.c.joined.is_(None), deliveries.c.repeats.is_(None))
_OPEN = (*_LEADS, deliveries.c.sent_at.is_(None))
_STATE = case(
    (deliveries.c.joined.is_not(None), "joined"),
    (deliveries.c.repeats.is_not(None), "repeat"),
    (deliveries.c.sent_at.is_not(None), "sent"),
    (deliveries.c.due_at.is_(None), "failed"),
    else_="pending",
)
_ESCALATED_BACK = timedelta(days=1)  # a target that is named later does not get the whole past
_OTHERS = 3


class PostgresMailRoom(MailRoom):
    """`ports.MailRoom` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, notice: Notice) -> None:
        """Queue a notice; a second one with the same id changes nothing."""
        with transaction(self._engine) as connection:
            waiting.put(connection, notice)

    def address(self, addressing: Addressing, now: datetime) -> int:
        """Make the deliveries of waiting notices; return of how many. Call again while not 0."""
        with transaction(self._engine) as connection:
            return addresses.address(connection, addressing, now)

    def escalate(self, targets: Mapping[str, str], after: timedelta, now: datetime) -> int:
        """Give what failed for so long, or was given up, to another receiver too."""
        with transaction(self._engine) as connection:
            return sum(
                len(connection.execute(_escalation(receiver, target, after, now)).all())
                for receiver, target in targets.items()
            )

    def claim(
        self, receiver: str, now: datetime, lease: timedelta, pace: timedelta
    ) -> Delivery | None:
        """Return the most urgent due delivery, hidden from other claimers until the lease ends."""
        with transaction(self._engine) as connection:
            if not _may_send(connection, receiver, now):
                return None
            row = connection.execute(_due(receiver, now)).one_or_none()
            if row is None:
                return None
            connection.execute(
                _one(row.id, receiver).values(
                    due_at=now + lease, started_at=func.coalesce(deliveries.c.started_at, now)
                )
            )
            _pause(connection, receiver, now + pace)
            return _delivery(connection, row)

    def sent(self, message_id: str, receiver: str, at: datetime) -> None:
        """Record that the receiver has it, and what was joined to it."""
        settled = {"due_at": None, "sent_at": at, "error": None}
        with transaction(self._engine) as connection:
            connection.execute(
                _one(message_id, receiver).values(attempt=deliveries.c.attempt + 1, **settled)
            )
            joined = update(deliveries).where(deliveries.c.joined == message_id)
            connection.execute(joined.where(deliveries.c.receiver == receiver).values(**settled))

    def failed(
        self,
        message_id: str,
        receiver: str,
        at: datetime,
        *,
        error: str,
        retry_at: datetime | None,
        pause_until: datetime | None = None,
    ) -> None:
        """Record a failed attempt, unless another one has delivered the message meanwhile."""
        with transaction(self._engine) as connection:
            connection.execute(
                _one(message_id, receiver).values(
                    attempt=deliveries.c.attempt + 1,
                    due_at=retry_at,
                    error=values.text(f"{at.isoformat()} {error}"),
                )
            )
            if pause_until is not None:
                _pause(connection, receiver, pause_until)

    def disable(self, receiver: str, at: datetime, notice: Notice) -> None:
        """Take a receiver out of use, give up what is on its way to it, and queue a notice of it."""
        error = values.text(str(notice.facts.get("reason", notice.title)))
        state = {"disabled_at": at, "error": error}
        entry = insert(receivers).values(name=receiver, **state)
        underway = update(deliveries).where(deliveries.c.receiver == receiver, *_OPEN)
        underway = underway.where(deliveries.c.due_at.is_not(None))
        with transaction(self._engine) as connection:
            connection.execute(entry.on_conflict_do_update(index_elements=["name"], set_=state))
            connection.execute(underway.values(due_at=None, error=error))
            waiting.put(connection, notice)

    def enable(self, receiver: str) -> bool:
        """Take a receiver into use again; return whether it was out of use."""
        away = update(receivers).where(
            receivers.c.name == receiver, receivers.c.disabled_at.is_not(None)
        )
        with transaction(self._engine) as connection:
            return connection.execute(away.values(disabled_at=None, error=None)).rowcount > 0

    def disabled(self) -> Mapping[str, str]:
        """Return the receivers out of use, with the reason."""
        away = select(receivers).where(receivers.c.disabled_at.is_not(None))
        with transaction(self._engine) as connection:
            return {row.name: row.error for row in connection.execute(away)}

    def posted(self, limit: int, state: str | None = None) -> Sequence[Posted]:
        """Return the newest deliveries, newest first; all, or those in one state."""
        newest = (
            select(outbox, deliveries, _STATE.label("state"))
            .join(deliveries, deliveries.c.notice == outbox.c.id)
            .order_by(deliveries.c.opened_at.desc(), outbox.c.created_at.desc(), outbox.c.id)
            .order_by(deliveries.c.receiver)
            .limit(limit)
        )
        if state is not None:
            newest = newest.where(literal(state) == _STATE)
        with transaction(self._engine) as connection:
            return [_posted(row) for row in connection.execute(newest)]


def _may_send(connection: Connection, receiver: str, now: datetime) -> bool:
    """Lock a receiver; False if another process has it, its turn is not yet, or it is out of use."""
    connection.execute(insert(receivers).values(name=receiver).on_conflict_do_nothing())
    mine = select(receivers).where(receivers.c.name == receiver)
    row = connection.execute(mine.with_for_update(skip_locked=True)).one_or_none()
    if row is None or row.disabled_at is not None:
        return False
    return row.next_at is None or row.next_at <= now


def _pause(connection: Connection, receiver: str, until: datetime) -> None:
    later = func.greatest(receivers.c.next_at, until)
    connection.execute(update(receivers).where(receivers.c.name == receiver).values(next_at=later))


def _due(receiver: str, now: datetime) -> Any:
    urgency = case(
        (outbox.c.severity == "critical", 0), (outbox.c.severity == "warning", 1), else_=2
    )
    return (
        select(outbox, deliveries)
        .join(deliveries, deliveries.c.notice == outbox.c.id)
        .where(deliveries.c.receiver == receiver, deliveries.c.due_at <= now, *_OPEN)
        .order_by(urgency, deliveries.c.due_at, outbox.c.created_at, outbox.c.id)
        .limit(1)
        .with_for_update(of=deliveries, skip_locked=True)
    )


def _delivery(connection: Connection, row: Row[Any]) -> Delivery:
    """Return a delivery with what was joined to it: no more of it from its first attempt on."""
    origin = row.escalated_from or row.receiver
    joined = (deliveries.c.joined == row.id, deliveries.c.receiver == origin)
    count = connection.execute(select(func.count()).select_from(deliveries).where(*joined))
    others = (
        select(outbox.c.title)
        .join(deliveries, deliveries.c.notice == outbox.c.id)
        .where(*joined, outbox.c.title != row.title)
        .group_by(outbox.c.title)
        .order_by(func.max(outbox.c.created_at).desc(), outbox.c.title)
        .limit(_OTHERS)
    )
    return Delivery(
        notice=notice_of(row),
        receiver=row.receiver,
        attempt=row.attempt,
        count=1 + count.scalar_one(),
        others=tuple(connection.execute(others).scalars()),
        escalated_from=row.escalated_from,
    )


def _one(message_id: str, receiver: str) -> Any:
    return (
        update(deliveries)
        .where(deliveries.c.notice == message_id, deliveries.c.receiver == receiver)
        .where(deliveries.c.sent_at.is_(None))
    )


def _escalation(receiver: str, target: str, after: timedelta, now: datetime) -> Any:
    d = deliveries.c
    failing = and_(d.attempt > 0, d.started_at <= now - after)
    stuck = (
        select(
            d.notice,
            literal(target),
            literal(0),
            literal(now),
            literal(now),
            d.topic,
            d.likeness,
            func.coalesce(d.escalated_from, d.receiver),
        )
        .where(d.receiver == receiver, *_OPEN)
        .where(d.opened_at > now - _ESCALATED_BACK)
        .where(or_(failing, d.due_at.is_(None)))
    )
    columns = ("notice", "receiver", "attempt", "due_at", "opened_at", "topic", "likeness")
    escalated = insert(deliveries).from_select([*columns, "escalated_from"], stuck)
    return escalated.on_conflict_do_nothing().returning(deliveries.c.notice)


def _posted(row: Row[Any]) -> Posted:
    return Posted(
        notice=notice_of(row),
        receiver=row.receiver,
        state=row.state,
        attempts=row.attempt,
        due_at=row.due_at,
        sent_at=row.sent_at,
        error=row.error,
        escalated_from=row.escalated_from,
    )
