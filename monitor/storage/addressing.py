"""Makes deliveries of waiting notices: a message of their own, or a part of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.engine import Connection

from monitor.ports.alerts import Addressing, Notice, Posting
from monitor.runtime.alerting import grouping
from monitor.runtime.alerting.grouping import Lead
from monitor.storage.outbox import notice_of
from monitor.storage.schema import deliveries, outbox, receivers

_AT_ONCE = 500
_ONE_AT_A_TIME = 0x6261636B  # of the advisory lock: groups need one who makes them
_Key = tuple[str, str]  # receiver, and topic or likeness


def address(connection: Connection, addressing: Addressing, now: datetime) -> int:
    """Address waiting notices, oldest first, up to a limit; return how many.

    A receiver that is configured later gets what comes later, not the whole past.
    """
    if not connection.execute(select(func.pg_try_advisory_xact_lock(_ONE_AT_A_TIME))).scalar_one():
        return 0
    notices = [notice_of(row) for row in connection.execute(_waiting(now))]
    if not notices:
        return 0
    away = frozenset(connection.execute(_away()).scalars())
    posted = [
        (notice, posting)
        for notice in notices
        for posting in _post(connection, notice, addressing, away)
    ]
    rows = list(_placed(posted, _Known.read(connection, posted), addressing, now))
    if rows:
        connection.execute(insert(deliveries).on_conflict_do_nothing(), rows)
    ids = [notice.id for notice in notices]
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(addressed=True))
    return len(notices)


def _post(
    connection: Connection, notice: Notice, addressing: Addressing, away: frozenset[str]
) -> Sequence[Posting]:
    """Return where a notice goes: the end of a condition to all who heard of its beginning."""
    begun = notice.facts.get("resolves")
    if not isinstance(begun, str):
        return addressing.post(notice, away, ())
    heard = select(deliveries.c.receiver).where(deliveries.c.notice == begun)
    return addressing.post(notice, away, sorted(connection.execute(heard).scalars()))


def _placed(
    posted: Sequence[tuple[Notice, Posting]],
    known: _Known,
    addressing: Addressing,
    now: datetime,
) -> Iterator[dict[str, Any]]:
    for notice, posting in posted:
        topic, likeness = grouping.topic(notice), grouping.likeness(notice)
        by_topic, by_likeness = (posting.receiver, topic), (posting.receiver, likeness)
        placed = grouping.place(
            posting,
            now,
            newest=known.newest.get(by_topic),
            alike=known.alike.get(by_likeness),
            cool_down=addressing.cool_down,
        )
        if placed.joined is None and placed.repeats is None:
            lead = Lead(notice=notice.id, opened_at=now, due_at=placed.due_at)
            known.newest[by_topic] = known.alike[by_likeness] = lead
        yield {
            "notice": notice.id,
            "receiver": posting.receiver,
            "attempt": 0,
            "due_at": placed.due_at,
            "opened_at": now,
            "topic": topic,
            "likeness": likeness,
            "joined": placed.joined,
            "repeats": placed.repeats,
        }


@dataclass(slots=True)
class _Known:
    """The newest messages, by receiver and topic, and by receiver and news."""

    newest: dict[_Key, Lead] = field(default_factory=dict)
    alike: dict[_Key, Lead] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, posted: Sequence[tuple[Notice, Posting]]) -> _Known:
        """Read what these notices may join or repeat, and lock it: nothing of it is sent meanwhile."""
        topics = {(posting.receiver, grouping.topic(notice)) for notice, posting in posted}
        news = {(posting.receiver, grouping.likeness(notice)) for notice, posting in posted}
        return cls(
            newest=_leads(connection, deliveries.c.topic, topics),
            alike=_leads(connection, deliveries.c.likeness, news),
        )


def _leads(connection: Connection, column: Any, keys: set[_Key]) -> dict[_Key, Lead]:
    """Return the newest message of each key."""
    d = deliveries.c
    newest = (
        select(d.notice, d.receiver)
        .ext(distinct_on(d.receiver, column))
        .where(tuple_(d.receiver, column).in_(sorted(keys)))
        .where(d.joined.is_(None), d.repeats.is_(None), d.escalated_from.is_(None))
        .where(or_(d.sent_at.is_not(None), d.due_at.is_not(None)))  # given up: nobody read it
        .order_by(d.receiver, column, d.opened_at.desc(), d.notice)
    )
    places = [tuple(row) for row in connection.execute(newest)]
    locked = select(deliveries).where(tuple_(d.notice, d.receiver).in_(places)).with_for_update()
    rows = connection.execute(locked).all() if places else []
    return {(row.receiver, getattr(row, column.name)): _lead(row) for row in rows}


def _lead(row: Row[Any]) -> Lead:
    return Lead(
        notice=row.notice,
        opened_at=row.opened_at,
        due_at=None if row.sent_at is not None else row.due_at,
        started_at=row.started_at,
    )


def _waiting(now: datetime) -> Any:
    return (
        select(outbox)
        .where(outbox.c.addressed.is_(False))
        .where(or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now))
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )


def _away() -> Any:
    return select(receivers.c.name).where(receivers.c.disabled_at.is_not(None))
