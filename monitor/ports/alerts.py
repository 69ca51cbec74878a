"""Notices to people: the outbox, and who brings them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to the ops chat, waiting in the outbox."""

    id: str
    kind: str  # rollback, freeze, suspicion, unproved, report, gate, …
    severity: str  # info, warning, critical
    title: str
    facts: Mapping[str, Any]  # JSON: deployment, from, to, reason, exposure, durations, link, …
    created_at: datetime
    not_before: datetime | None = None  # held back so long, to leave with what is found meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way to one receiver."""

    notice: Notice
    receiver: str
    attempt: int  # counted from 0


class Outbox(Protocol):
    """Messages that must leave, at least once each, always under the same id."""

    def put(self, notice: Notice) -> None:
        """Queue a message; a second one with the same id changes nothing."""

    def claim(
        self, receivers: Sequence[str], now: datetime, lease: timedelta, limit: int
    ) -> Sequence[Delivery]:
        """Return due deliveries, hidden from other claimers until the lease ends."""

    def sent(self, message_id: str, receiver: str, at: datetime) -> None:
        """Record that the receiver has it."""

    def failed(
        self, message_id: str, receiver: str, at: datetime, *, error: str, retry_at: datetime | None
    ) -> None:
        """Record a failed attempt; `retry_at=None` gives up."""


class Sender(Protocol):
    """Brings a message to one receiver."""

    @property
    def receiver(self) -> str:
        """Name from the configuration, stable over restarts."""

    async def send(self, notice: Notice, at: datetime) -> None:
        """Deliver. Raises `DeliveryError`, or `ReceiverGone` if it must never be tried again."""
