"""Brings the outbox's notices to their receivers: at least once, always under the same id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import DeliveryError, ReceiverGone, Unavailable
from monitor.ports.alerts import Delivery, Outbox, Sender
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=60)  # longer than any sender's time limit
_LIMIT = 20

RetryAt = Callable[[int, datetime, float | None], datetime | None]


class Dispatcher:
    """Claims due deliveries and sends them."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[str, Sender],
        retry_at: RetryAt,
        troubles: Troubles,
    ) -> None:
        self._outbox = outbox
        self._senders = dict(senders)
        self._retry_at = retry_at
        self._troubles = troubles
        self.delivered = 0
        self.failed = 0

    async def run(self, wake: asyncio.Event) -> None:
        """Dispatch whenever woken, and every second, until cancelled."""
        while True:
            try:
                await self.dispatch()
            except Unavailable as error:
                log.warning("outbox not read", error=str(error))
            await wait(wake, 1.0)

    async def dispatch(self) -> int:
        """Send what is due; return how many deliveries were tried."""
        if not self._senders:
            return 0
        due = await asyncio.to_thread(
            self._outbox.claim, tuple(self._senders), datetime.now(UTC), _LEASE, _LIMIT
        )
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))
        return len(due)

    async def _deliver(self, delivery: Delivery) -> None:
        now = datetime.now(UTC)
        try:
            await self._senders[delivery.receiver].send(delivery.notice, now)
        except DeliveryError as error:
            await self._give_back(delivery, error, now)
        except Exception as error:  # one sender's defect must not keep the others from sending
            self._troubles.report(f"receiver {delivery.receiver}", error)
            await self._give_back(delivery, DeliveryError(repr(error)), now)
        else:
            self.delivered += 1
            await asyncio.to_thread(
                self._outbox.sent, delivery.notice.id, delivery.receiver, datetime.now(UTC)
            )

    async def _give_back(self, delivery: Delivery, error: DeliveryError, now: datetime) -> None:
        self.failed += 1
        gone = isinstance(error, ReceiverGone)
        retry_at = None if gone else self._retry_at(delivery.attempt, now, error.retry_after_s)
        log.warning(
            "notice not delivered",
            notice=delivery.notice.id,
            receiver=delivery.receiver,
            attempt=delivery.attempt,
            error=str(error),
            retry_at=retry_at and retry_at.isoformat(),
        )
        await asyncio.to_thread(
            self._outbox.failed,
            delivery.notice.id,
            delivery.receiver,
            now,
            error=str(error),
            retry_at=retry_at,
        )


async def wait(wake: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than so many seconds; clear it."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()
