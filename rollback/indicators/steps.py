"""The lengths of time over which indicators are summed up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum


class Step(Enum):
    """How long a bucket is; buckets begin at midnight UTC and at whole hours and minutes."""

    MINUTE = "minute"  # means that thresholds are held against it
    HOUR = "hour"  # means that a week is drawn with it
    DAY = "day"  # means that it stays for years

    @property
    def length(self) -> timedelta:
        """How long a bucket is."""
        return _LENGTHS[self]

    def start(self, moment: datetime) -> datetime:
        """Return the start of the bucket that a moment lies in."""
        return moment - (moment - _EPOCH) % self.length


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {
    Step.MINUTE: timedelta(minutes=1),
    Step.HOUR: timedelta(hours=1),
    Step.DAY: timedelta(days=1),
}
