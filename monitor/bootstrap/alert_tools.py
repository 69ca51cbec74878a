"""What the command line does with alerts, without a running service."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.alerts import message
from monitor.bootstrap import database, receivers
from monitor.config import Config
from monitor.errors import DeliveryError, NotFound
from monitor.ports.alerts import Delivery, Notice, Posted, Sender
from monitor.storage import revision
from monitor.storage.mail import PostgresMailRoom


def try_out(config: Config, receiver: str | None) -> Sequence[Mapping[str, Any]]:
    """Send a test message to one receiver, or to all, past outbox and quiet hours.

    A receiver that was out of use and takes it is in use again. Returns what each answered.
    Raises `NotFound` for a receiver that is not configured.
    """
    senders = receivers.senders(config)
    if receiver is not None and receiver not in senders:
        known = ", ".join(senders) or "none"
        raise NotFound(
            f"there is no receiver {receiver!r} in the configuration; there are: {known}"
        )
    chosen = senders if receiver is None else {receiver: senders[receiver]}
    results = asyncio.run(_send_all(config, chosen))
    arrived = [str(each["receiver"]) for each in results if each["arrived"]]
    if arrived:
        _enable(config, arrived)
    return results


def posted(config: Config, state: str | None, limit: int) -> Mapping[str, Any]:
    """Return the newest deliveries, newest first, and the receivers that are out of use."""
    with database.opened(config) as sql:
        revision.require_current(sql)
        mail = PostgresMailRoom(sql)
        found = mail.posted(limit, state)
        return {"deliveries": [_row(each) for each in found], "out_of_use": mail.disabled()}


async def _send_all(config: Config, senders: Mapping[str, Sender]) -> list[Mapping[str, Any]]:
    now = datetime.now(UTC)
    notice = Notice(
        id=str(uuid.uuid4()),
        kind="test",
        severity="info",
        title="a test of Backstop's alerts",
        facts={"reason": "somebody ran: backstop alerts test", "link": f"{config.listen.url}/"},
        created_at=now,
    )
    return [await _send(sender, notice, now) for sender in senders.values()]


async def _send(sender: Sender, notice: Notice, now: datetime) -> Mapping[str, Any]:
    delivery = Delivery(notice=notice, receiver=sender.receiver, attempt=0)
    try:
        answer = await sender.send(message.compose(delivery), now)
    except DeliveryError as error:
        return {"receiver": sender.receiver, "arrived": False, "answer": str(error)}
    return {"receiver": sender.receiver, "arrived": True, "answer": answer}


def _enable(config: Config, names: Sequence[str]) -> None:
    with database.opened(config) as sql:
        if revision.current(sql) == revision.HEAD:
            mail = PostgresMailRoom(sql)
            for name in names:
                mail.enable(name)


def _row(posted: Posted) -> Mapping[str, Any]:
    return {
        "notice": posted.notice.id,
        "kind": posted.notice.kind,
        "severity": posted.notice.severity,
        "title": posted.notice.title,
        "created_at": posted.notice.created_at.isoformat(),
        "receiver": posted.receiver,
        "state": posted.state,
        "attempts": posted.attempts,
        "due_at": posted.due_at and posted.due_at.isoformat(),
        "sent_at": posted.sent_at and posted.sent_at.isoformat(),
        "error": posted.error,
        "escalated_from": posted.escalated_from,
    }
