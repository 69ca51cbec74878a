"""Brings notices to their receivers: at least once, always under the same id."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import DeliveryError, ReceiverGone, Unavailable
from monitor.ports.alerts import Addressing, Delivery, MailRoom, Message, Notice, Sender
from monitor.runtime.alerting.routes import HEARTBEAT, RECEIVER_GONE, Rules
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=60)  # longer than any sender's time limit
_LOOK_S = 1.0
_LONGEST_PAUSE_S = 86_400.0

RetryAt = Callable[[int, datetime, float | None], datetime | None]
Compose = Callable[[Delivery, bool], Message]  # a delivery, and whether its channel shows pictures


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How messages are made, when they go, and when they are tried again.

    Args:
        compose: makes the message; it may block.
    """

    compose: Compose
    rules: Rules
    retry_at: RetryAt
    clock: Callable[[], datetime] = utc_now


class Dispatcher:
    """Addresses what waits, and sends what is due."""

    def __init__(
        self,
        mail: MailRoom,
        senders: Mapping[str, Sender],
        writing: Writing,
        troubles: Troubles,
    ) -> None:
        self._mail = mail
        self._senders = dict(senders)
        self._compose = writing.compose
        self._rules = writing.rules
        self._retry_at = writing.retry_at
        self._now = writing.clock
        self._troubles = troubles
        self.delivered = 0
        self.failed = 0

    async def run(self, wake: asyncio.Event) -> None:
        """Dispatch whenever woken, and every second, until cancelled.

        Each receiver has a loop of its own: one that hangs holds up no other.
        """
        due = {name: asyncio.Event() for name in self._senders}
        async with asyncio.TaskGroup() as group:
            for name, event in due.items():
                group.create_task(self._serve(name, event))
            while True:
                if await self._patiently(self.prepare()):
                    for event in due.values():
                        event.set()
                await wait(wake, _LOOK_S)

    async def dispatch(self) -> int:
        """Send what is due, as far as each receiver's pace allows; return how many were tried."""
        if not self._senders:
            return 0
        await self.prepare()
        return sum(await asyncio.gather(*(self._send_due(name) for name in self._senders)))

    async def prepare(self) -> int:
        """Make deliveries of what waits and of what must go elsewhere; return how many notices."""
        if not self._senders:
            return 0
        now, rules = self._now(), self._rules
        addressing = Addressing(
            post=lambda notice, away, to: rules.postings(notice, away, now, to),
            cool_down=rules.cool_down,
        )
        addressed = 0
        while more := await asyncio.to_thread(self._mail.address, addressing, now):
            addressed += more
        escalated = await asyncio.to_thread(
            self._mail.escalate, rules.escalations, rules.escalate_after, now
        )
        return addressed + escalated

    async def _serve(self, receiver: str, due: asyncio.Event) -> None:
        pace_s = self._senders[receiver].limits.pace.total_seconds()
        while True:
            await self._patiently(self._send_due(receiver))
            await wait(due, pace_s or _LOOK_S)

    async def _patiently(self, work: Awaitable[int]) -> int:
        try:
            return await work
        except Unavailable as error:
            log.warning("notices wait for the database", error=str(error))
            return 0

    async def _send_due(self, receiver: str) -> int:
        """Send one delivery after the other as far as the receiver's pace allows."""
        pace, tried = self._senders[receiver].limits.pace, 0
        while delivery := await asyncio.to_thread(
            self._mail.claim, receiver, self._now(), _LEASE, pace
        ):
            await self._deliver(delivery)
            tried += 1
        return tried

    async def _deliver(self, delivery: Delivery) -> None:
        sender, now = self._senders[delivery.receiver], self._now()
        try:
            message = await asyncio.to_thread(self._compose, delivery, sender.limits.pictures)
            await sender.send(message, now)
        except DeliveryError as error:
            await self._give_back(delivery, error, now)
        except Exception as error:  # one sender's defect must not keep the others from sending
            self._troubles.report(f"receiver {delivery.receiver}", error)
            await self._give_back(delivery, DeliveryError(repr(error)), now)
        else:
            self.delivered += 1
            await asyncio.to_thread(
                self._mail.sent, delivery.notice.id, delivery.receiver, self._now()
            )

    async def _give_back(self, delivery: Delivery, error: DeliveryError, now: datetime) -> None:
        self.failed += 1
        gone = isinstance(error, ReceiverGone)
        if gone:
            notice = _gone(delivery.receiver, str(error), now)
            await asyncio.to_thread(self._mail.disable, delivery.receiver, now, notice)
        over = gone or delivery.notice.kind == HEARTBEAT  # the next heartbeat comes by itself
        retry_at = None if over else self._retry_at(delivery.attempt, now, error.retry_after_s)
        log.warning(
            "notice not delivered",
            notice=delivery.notice.id,
            receiver=delivery.receiver,
            attempt=delivery.attempt,
            error=str(error),
            retry_at=retry_at and retry_at.isoformat(),
        )
        await asyncio.to_thread(
            self._mail.failed,
            delivery.notice.id,
            delivery.receiver,
            now,
            error=str(error),
            retry_at=retry_at,
            pause_until=_pause(now, error.retry_after_s),
        )


def _pause(now: datetime, wish_s: float | None) -> datetime | None:
    """Return until when a receiver wants nothing at all."""
    return None if wish_s is None else now + timedelta(seconds=min(wish_s, _LONGEST_PAUSE_S))


def _gone(receiver: str, error: str, now: datetime) -> Notice:
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"receiver:{receiver}:{now.isoformat()}")),
        kind=RECEIVER_GONE,
        severity="critical",
        title=f"alerts no longer reach {receiver}",
        facts={"reason": error, "receiver": receiver},
        created_at=now,
    )


async def wait(wake: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than so many seconds; clear it."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()
