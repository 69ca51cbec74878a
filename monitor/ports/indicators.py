"""Health numbers per adapter and minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A health number of an adapter over one minute (`bucket` is the minute's start)."""

    deployment: str
    adapter: str | None
    bucket: datetime
    name: str
    value: float
    count: int  # answers behind the value


class IndicatorStore(Protocol):
    """Health numbers per adapter and minute."""

    def roll_up(self, since: datetime, until: datetime) -> int:
        """Recompute the indicators of the minutes that [since, until) touches; idempotent."""

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        """Return the indicators of all adapters of a deployment, oldest first."""
