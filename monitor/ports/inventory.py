"""What runs and what waits: replicas, scheduled runs, and alerts on their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A process that follows the pointers: when it was last heard of, and by which epochs it routes."""

    name: str
    seen_at: datetime
    epochs: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOnRecord:
    """A slot of a scheduled job; `finished_at=None` waits or is under way."""

    job: str
    slot: datetime
    worker: str | None
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOnRecord:
    """A notice on its way to a receiver.

    Args:
        due_at: of the next attempt; `None` once there is nothing more to do.
        receiver: `None` while nobody has been chosen yet.
        error: of the last attempt.
    """

    notice: str
    kind: str
    severity: str
    title: str
    created_at: datetime
    receiver: str | None
    attempt: int
    due_at: datetime | None
    sent_at: datetime | None
    error: str | None


class Inventory(Protocol):
    """What runs and what waits."""

    def replicas(self) -> Sequence[Replica]:
        """Return the replicas, the one heard of last first."""

    def runs(self, limit: int) -> Sequence[RunOnRecord]:
        """Return scheduled runs, the latest slot first."""

    def deliveries(self, limit: int) -> Sequence[DeliveryOnRecord]:
        """Return notices with their ways to each receiver, newest first."""
