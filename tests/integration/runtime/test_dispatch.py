"""Alerts leave the outbox at least once, always under the same id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import DeliveryError, ReceiverGone
from monitor.ports.alerts import Notice, Sender
from monitor.ports.stores import Stores
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.troubles import Troubles

pytestmark = pytest.mark.integration

NOTICE = Notice(
    id="notice-1",
    kind="rollback",
    severity="critical",
    title="support is back on v1",
    facts={},
    created_at=datetime.now(UTC),
)


class Receiver(Sender):
    """Fails as often as it is told to, and keeps the ids of every attempt."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.attempts: list[str] = []

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return "pager"

    async def send(self, notice: Notice, at: datetime) -> None:
        """Note the attempt, then fail or not."""
        self.attempts.append(notice.id)
        if self._failures:
            raise self._failures.pop(0)


def at_once(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    """Try again now, three times in all."""
    return failed_at if attempt < 2 else None


def dispatcher(stores: Stores, receiver: Sender, troubles: Troubles | None = None) -> Dispatcher:
    """Return a dispatcher for one receiver, with a notice waiting for it."""
    stores.outbox.put(NOTICE)
    return Dispatcher(stores.outbox, {"pager": receiver}, at_once, troubles or Troubles())


async def test_a_delivered_notice_leaves_once(stores: Stores) -> None:
    """What has arrived is not sent again."""
    receiver = Receiver()
    dispatch = dispatcher(stores, receiver)
    assert await dispatch.dispatch() == 1
    assert await dispatch.dispatch() == 0
    assert (receiver.attempts, dispatch.delivered) == (["notice-1"], 1)


async def test_a_failed_delivery_is_repeated_under_the_same_id(stores: Stores) -> None:
    """The receiver can tell a retry from a second notice."""
    receiver = Receiver(DeliveryError("no route"), DeliveryError("no route"))
    dispatch = dispatcher(stores, receiver)
    for _ in range(4):
        await dispatch.dispatch()
    assert receiver.attempts == ["notice-1"] * 3
    assert (dispatch.failed, dispatch.delivered) == (2, 1)


async def test_a_receiver_that_is_gone_is_left_alone(stores: Stores) -> None:
    """It said never to send again."""
    receiver = Receiver(ReceiverGone("410"))
    dispatch = dispatcher(stores, receiver)
    await dispatch.dispatch()
    await dispatch.dispatch()
    assert receiver.attempts == ["notice-1"]


async def test_attempts_end_when_the_schedule_does(stores: Stores) -> None:
    """After the last attempt nothing more is tried."""
    receiver = Receiver(*[DeliveryError("no route")] * 9)
    dispatch = dispatcher(stores, receiver)
    for _ in range(6):
        await dispatch.dispatch()
    assert len(receiver.attempts) == 3


async def test_a_senders_defect_is_a_failed_attempt(stores: Stores) -> None:
    """It is shown, and tried again as any failure; other receivers get their notices."""
    troubles = Troubles()
    receiver = Receiver(ZeroDivisionError("a defect"))
    dispatch = dispatcher(stores, receiver, troubles)
    await dispatch.dispatch()
    assert "a defect" in troubles.states()["receiver pager"]
    await dispatch.dispatch()
    assert dispatch.delivered == 1


async def test_a_kill_after_sending_sends_again(stores: Stores) -> None:
    """At least once: what was sent but not noted leaves again, under the same id."""
    receiver = Receiver()
    dispatch = dispatcher(stores, receiver)
    early = datetime.now(UTC) - timedelta(minutes=2)
    (claimed,) = stores.outbox.claim(("pager",), early + timedelta(minutes=2), timedelta(0), 10)
    await receiver.send(claimed.notice, early)
    await dispatch.dispatch()
    assert receiver.attempts == ["notice-1"] * 2


async def test_without_receivers_nothing_is_claimed(stores: Stores) -> None:
    """Notices wait for a receiver that is configured later."""
    stores.outbox.put(NOTICE)
    assert await Dispatcher(stores.outbox, {}, at_once, Troubles()).dispatch() == 0
    assert await dispatcher(stores, Receiver()).dispatch() == 1
