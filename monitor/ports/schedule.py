"""Scheduled runs, and who leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRun:
    """One slot of a scheduled job, claimed by this process."""

    job: str
    slot: datetime
    fence: int


class Schedule(Protocol):
    """The truth about scheduled runs: one row per slot, claimed once."""

    def insert(self, job: str, slot: datetime) -> bool:
        """Add a slot; False if it is there already."""

    def claim(self, worker: str, now: datetime, lease: timedelta) -> ScheduledRun | None:
        """Take a slot that is due and free, or whose worker's lease ran out."""

    def finish(self, run: ScheduledRun, at: datetime, *, error: str | None = None) -> None:
        """Record the end; nothing happens if another worker has taken the slot since."""


class Leases(Protocol):
    """Who leads."""

    def acquire(self, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
        """Take or renew a lease; return its fencing epoch, or `None` if another holds it."""

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
