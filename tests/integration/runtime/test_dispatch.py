"""Alerts leave the outbox at least once, always under the same id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Engine

from monitor.alerts.message import compose
from monitor.errors import DeliveryError, ReceiverGone
from monitor.ports.alerts import Delivery, Limits, Message, Notice, Sender
from monitor.ports.stores import Stores
from monitor.runtime.alerting.routes import Route, Rules
from monitor.runtime.dispatch import Dispatcher, Writing
from monitor.runtime.troubles import Troubles
from monitor.storage.database import transaction
from monitor.storage.schema import outbox

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NOTICE = Notice(
    id="notice-1",
    kind="rollback",
    severity="critical",
    title="support is back on v1",
    facts={"deployment": "support"},
    created_at=START,
)


@dataclass
class Clock:
    """A clock that a test turns."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


class Receiver(Sender):
    """Fails as often as it is told to, and keeps the ids of every attempt."""

    def __init__(
        self, *failures: Exception, name: str = "pager", pace: timedelta = timedelta(0)
    ) -> None:
        self._failures = list(failures)
        self._name = name
        self._limits = Limits(pace=pace)
        self.got: list[tuple[datetime, Message]] = []

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._name

    @property
    def limits(self) -> Limits:
        """What the channel bears."""
        return self._limits

    @property
    def attempts(self) -> list[str]:
        """Ids, in the order in which they came."""
        return [message.id for _, message in self.got]

    async def send(self, message: Message, at: datetime) -> str:
        """Note the attempt, then fail or not."""
        self.got.append((at, message))
        if self._failures:
            raise self._failures.pop(0)
        return "ok"


@dataclass
class Post:
    """A dispatcher over some receivers, with a clock of its own."""

    stores: Stores
    receivers: dict[str, Receiver]
    dispatcher: Dispatcher
    clock: Clock
    troubles: Troubles = field(default_factory=Troubles)

    def put(self, *notices: Notice) -> None:
        """Queue notices."""
        for each in notices:
            self.stores.outbox.put(each)

    async def tick(self, wait: timedelta = timedelta(0)) -> int:
        """Send what is due after a time."""
        self.clock.now += wait
        return await self.dispatcher.dispatch()


def at_once(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    """Try again now, three times in all."""
    return failed_at if attempt < 2 else None


def in_five_minutes(attempt: int, failed_at: datetime, wish_s: float | None) -> datetime | None:
    """Try again in five minutes, without an end."""
    return failed_at + max(5 * MINUTE, timedelta(seconds=wish_s or 0))


def post(
    stores: Stores,
    *receivers: Receiver,
    retry_at: Callable[[int, datetime, float | None], datetime | None] = at_once,
    **rules: object,
) -> Post:
    """Return a dispatcher that follows some rules."""
    clock, troubles = Clock(), Troubles()
    followed = replace(Rules(receivers=tuple(each.receiver for each in receivers)), **rules)  # type: ignore[arg-type]
    senders = {each.receiver: each for each in receivers}
    writing = Writing(compose=_composed, rules=followed, retry_at=retry_at, clock=clock)
    dispatcher = Dispatcher(stores.outbox, senders, writing, troubles)
    return Post(stores, senders, dispatcher, clock, troubles)


def _composed(delivery: Delivery, pictured: bool) -> Message:
    return compose(delivery)


def notice(number: int, **changes: object) -> Notice:
    """Return a warning of its own kind of news."""
    told = replace(
        NOTICE, id=f"n-{number}", severity="warning", title=f"title {number}", kind="unwell"
    )
    return replace(told, **changes)  # type: ignore[arg-type]


async def test_a_delivered_notice_leaves_once(stores: Stores) -> None:
    """What has arrived is not sent again."""
    receiver = Receiver()
    house = post(stores, receiver)
    house.put(NOTICE)
    assert [await house.tick(), await house.tick()] == [1, 0]
    assert (receiver.attempts, house.dispatcher.delivered) == (["notice-1"], 1)


async def test_a_failed_delivery_is_repeated_under_the_same_id(stores: Stores) -> None:
    """The receiver can tell a retry from a second notice; each attempt has its own time."""
    receiver = Receiver(DeliveryError("no route"), DeliveryError("no route"))
    house = post(stores, receiver, retry_at=in_five_minutes)
    house.put(NOTICE)
    for _ in range(4):
        await house.tick(5 * MINUTE)
    assert receiver.attempts == ["notice-1"] * 3
    assert [at - START for at, _ in receiver.got] == [5 * MINUTE, 10 * MINUTE, 15 * MINUTE]
    assert receiver.got[0][1] == receiver.got[2][1]
    assert (house.dispatcher.failed, house.dispatcher.delivered) == (2, 1)


async def test_attempts_end_when_the_schedule_does(stores: Stores) -> None:
    """After the last attempt nothing more is tried."""
    receiver = Receiver(*[DeliveryError("no route")] * 9)
    house = post(stores, receiver)
    house.put(NOTICE)
    for _ in range(6):
        await house.tick()
    assert len(receiver.attempts) == 3


async def test_a_senders_defect_is_a_failed_attempt(stores: Stores) -> None:
    """It is shown, and tried again as any failure; other receivers get their notices."""
    receiver = Receiver(ZeroDivisionError("a defect"))
    house = post(stores, receiver, retry_at=in_five_minutes)
    house.put(NOTICE)
    await house.tick()
    assert "a defect" in house.troubles.states()["receiver pager"]
    await house.tick(5 * MINUTE)
    assert house.dispatcher.delivered == 1


async def test_a_kill_after_sending_sends_again(stores: Stores) -> None:
    """At least once: what was sent but not noted leaves again, under the same id."""
    receiver = Receiver()
    house = post(stores, receiver)
    house.put(NOTICE)
    await house.dispatcher.prepare()
    claimed = stores.outbox.claim("pager", house.clock(), MINUTE, timedelta(0))
    assert claimed is not None
    await receiver.send(compose(claimed), house.clock())
    assert await house.tick(59 * SECOND) == 0
    assert await house.tick(SECOND) == 1
    assert receiver.attempts == ["notice-1"] * 2


async def test_without_receivers_nothing_is_claimed(stores: Stores) -> None:
    """Notices wait for a receiver that is configured later."""
    nobody = post(stores)
    nobody.put(NOTICE)
    assert await nobody.tick() == 0
    assert await post(stores, Receiver()).tick() == 1


async def test_a_receiver_that_is_gone_is_out_of_use_and_the_others_hear_of_it(
    stores: Stores,
) -> None:
    """It said never to send again; what it did not get goes to who stands in for it."""
    gone, chat = Receiver(ReceiverGone("receiver pager is gone (410)")), Receiver(name="chat")
    house = post(stores, gone, chat, escalations={"pager": "chat"})
    house.put(NOTICE)
    await house.tick()
    house.put(notice(2))
    await house.tick(SECOND)
    await house.tick(SECOND)
    assert gone.attempts == ["notice-1"]
    kinds = [message.kind for _, message in chat.got]
    assert sorted(kinds) == ["receiver", "rollback", "unwell"]
    (told,) = [message for _, message in chat.got if message.kind == "receiver"]
    assert told.title == "alerts no longer reach pager"
    assert dict(told.rows)["To do"].endswith("backstop alerts test pager")
    assert stores.outbox.disabled() == {"pager": "receiver pager is gone (410)"}


async def test_what_fails_for_a_quarter_of_an_hour_goes_to_another_receiver(
    stores: Stores,
) -> None:
    """Which is told why it gets this."""
    deaf, chat = Receiver(*[DeliveryError("500")] * 99), Receiver(name="chat")
    house = post(
        stores,
        deaf,
        chat,
        retry_at=in_five_minutes,
        routes=(Route(receivers=("pager",)),),
        escalations={"pager": "chat"},
    )
    house.put(NOTICE)
    for _ in range(3):
        await house.tick()
        house.clock.now += 5 * MINUTE
    assert chat.got == []
    await house.tick()
    ((_, escalated),) = chat.got
    assert escalated.id == "notice-1"
    assert dict(escalated.rows)["Instead of"] == "pager, which could not be reached"
    assert len(deaf.attempts) == 4


async def test_a_receivers_wish_for_rest_holds_the_channel(stores: Stores) -> None:
    """Not only the notice that it refused."""
    receiver = Receiver(DeliveryError("429", retry_after_s=90))
    house = post(stores, receiver, retry_at=in_five_minutes)
    house.put(notice(1), notice(2, kind="golden"))
    assert await house.tick() == 1
    assert await house.tick(89 * SECOND) == 0
    assert await house.tick(SECOND) == 1
    assert await house.tick(5 * MINUTE) == 1
    assert sorted(receiver.attempts) == ["n-1", "n-1", "n-2"]


async def test_a_heartbeat_that_was_missed_is_not_made_up_for(stores: Stores) -> None:
    """It would say of the past what is no longer so."""
    deadman = Receiver(DeliveryError("500"), name="deadman")
    house = post(stores, deadman, heartbeat="deadman", retry_at=in_five_minutes)
    house.put(notice(1, kind="heartbeat"))
    assert [await house.tick(), await house.tick(60 * MINUTE)] == [1, 0]


@pytest.mark.slow
async def test_ten_thousand_alerts_in_a_minute_are_a_few_messages(
    stores: Stores, engine: Engine
) -> None:
    """At most one a second; every alert is in one of them, counted."""
    chat = Receiver(name="chat", pace=SECOND)
    house = post(stores, chat, group_within=5 * MINUTE)
    for second in range(60):
        numbers = range(second * 167, min((second + 1) * 167, 10_000))
        with transaction(engine) as connection:
            connection.execute(insert(outbox), [_row(each) for each in _burst(numbers)])
        await house.tick(SECOND)
    for _ in range(10):
        await house.tick(MINUTE)
    times = [at for at, _ in chat.got]
    assert all(later - sooner >= SECOND for sooner, later in pairwise(times))
    assert len(chat.got) <= 70
    assert sum(message.count for _, message in chat.got) == 10_000
    assert {each.state for each in stores.outbox.posted(10_000)} == {"sent", "joined"}


def _row(told: Notice) -> dict[str, object]:
    """Return a row of the outbox: ten thousand calls of `put` would take most of the test."""
    return {**asdict(told), "addressed": False}


def _burst(numbers: range) -> list[Notice]:
    """Return alerts of two deployments, one in a hundred critical."""
    return [
        notice(
            number,
            severity="critical" if number % 100 == 0 else "warning",
            facts={"deployment": f"d{number % 2}"},
        )
        for number in numbers
    ]


async def test_a_receiver_that_hangs_holds_up_no_other(stores: Stores) -> None:
    """Each has a loop of its own."""
    arrived = asyncio.Event()

    class Hanging(Receiver):
        async def send(self, message: Message, at: datetime) -> str:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets the event")

    class Arriving(Receiver):
        async def send(self, message: Message, at: datetime) -> str:
            arrived.set()
            return "ok"

    house = post(stores, Hanging(name="hangs"), Arriving(name="chat"))
    house.put(NOTICE)
    running = asyncio.create_task(house.dispatcher.run(asyncio.Event()))
    async with asyncio.timeout(10):
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
