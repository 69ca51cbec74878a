"""Notices to people: the outbox, their way to each receiver, and who brings them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that people must be told, waiting in the outbox."""

    id: str
    kind: str  # rollback, freeze, suspicion, unproved, report, resolved, …
    severity: str  # info, warning, critical
    title: str
    facts: Mapping[str, Any]  # JSON: deployment, from, to, reason, exposure, durations, link, …
    created_at: datetime
    not_before: datetime | None = None  # held back so long, to leave with what is found meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """That a notice goes to a receiver.

    Args:
        due_at: not earlier; later than now in the receiver's quiet hours.
        window: how long after a message its like are collected into one; `None` groups nothing,
            and zero only what waits for its turn.
    """

    receiver: str
    due_at: datetime
    window: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way to one receiver, with those that were joined to it.

    Args:
        attempt: counted from 0.
        count: notices that this one speaks for, itself among them.
        others: some of the other titles among them.
        escalated_from: the receiver that could not be reached.
    """

    notice: Notice
    receiver: str
    attempt: int
    count: int = 1
    others: tuple[str, ...] = ()
    escalated_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one receiver is told: made once, the same at every attempt, drawn by each channel.

    Args:
        rows: labels of our own, and words that may be a model's.
        link: http or https address of the page about it.
        facts: the notice's, for machines.
        picture: PNG of the evidence, where there is one and the channel shows it.
    """

    id: str
    kind: str
    severity: str
    title: str
    rows: tuple[tuple[str, str], ...]
    link: str | None
    facts: Mapping[str, Any]
    created_at: datetime
    count: int = 1
    picture: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a channel bears.

    Args:
        pace: least time between two messages.
        pictures: whether it shows a picture that comes with the message.
    """

    pace: timedelta = timedelta(seconds=1)
    pictures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How far one delivery has come, for people.

    Args:
        state: `pending`, `sent`, `failed` (given up), `joined` to another or a `repeat` of one.
    """

    notice: Notice
    receiver: str
    state: str
    attempts: int
    due_at: datetime | None
    sent_at: datetime | None
    error: str | None
    escalated_from: str | None = None


class Outbox(Protocol):
    """Where notices wait that must leave, at least once each."""

    def put(self, notice: Notice) -> None:
        """Queue a notice; a second one with the same id changes nothing."""


# A notice, the receivers out of use, and who must get it whatever the routes say → where it goes.
Post = Callable[[Notice, frozenset[str], Sequence[str]], Sequence[Posting]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """How waiting notices become deliveries.

    Args:
        post: says where a notice goes.
        cool_down: how long the same notice is not told again.
    """

    post: Post
    cool_down: timedelta = timedelta(0)


class Mail(Protocol):
    """The way of notices to receivers: each delivery at least once, always under the same id."""

    def address(self, addressing: Addressing, now: datetime) -> int:
        """Make the deliveries of waiting notices; return of how many. Call again while not 0."""

    def escalate(self, targets: Mapping[str, str], after: timedelta, now: datetime) -> int:
        """Give what failed for so long, or was given up, to another receiver too; return how many.

        Args:
            targets: receiver → the one that gets what it does not.
        """

    def claim(
        self, receiver: str, now: datetime, lease: timedelta, pace: timedelta
    ) -> Delivery | None:
        """Return the most urgent due delivery, hidden from other claimers until the lease ends.

        None within `pace` of the last one to this receiver, and none to one that is out of use.
        """

    def sent(self, message_id: str, receiver: str, at: datetime) -> None:
        """Record that the receiver has it."""

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
        """Record a failed attempt; `retry_at=None` gives up. A pause holds the whole channel."""


class Receivers(Protocol):
    """Which receivers are out of use, and what was sent to whom."""

    def disable(self, receiver: str, at: datetime, notice: Notice) -> None:
        """Take a receiver out of use, give up what is on its way to it, and queue a notice of it."""

    def enable(self, receiver: str) -> bool:
        """Take a receiver into use again; return whether it was out of use."""

    def disabled(self) -> Mapping[str, str]:
        """Return the receivers out of use, with the reason."""

    def posted(self, limit: int, state: str | None = None) -> Sequence[Posted]:
        """Return the newest deliveries, newest first; all, or those in one state."""


class MailRoom(Outbox, Mail, Receivers, Protocol):
    """All that is done with notices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The conditions that hold, of those that one watch looks for.

    Args:
        watch: name of who looks, unlike any other's.
        notices: condition → what people are told of it.
        calm: how long a condition must be away until it counts as over.
    """

    watch: str
    notices: Mapping[str, Notice] = field(default_factory=dict)
    calm: timedelta = timedelta(minutes=5)


class Alarms(Protocol):
    """Conditions that people were told of, until they are over."""

    def settle(self, raised: Raised, now: datetime) -> int:
        """Tell what holds anew, and what is over; return how many notices that made."""

    def last_answers(self, deployments: Sequence[str]) -> Mapping[str, datetime]:
        """Return deployment → the last minute in which it gave answers, of those that gave any."""


class Sender(Protocol):
    """Brings a message to one receiver."""

    @property
    def receiver(self) -> str:
        """Name from the configuration, stable over restarts."""

    @property
    def limits(self) -> Limits:
        """What the channel bears."""

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver; return what the receiver answered.

        Raises `DeliveryError`, or `ReceiverGone` if it must never be tried again.
        """
