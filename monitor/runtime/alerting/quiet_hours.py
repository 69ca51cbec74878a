"""Hours of the day in which a receiver gets only what is critical."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From one time of day until another, on the clocks of a time zone.

    Args:
        start, end: times of day; with an end that is not later than the start, it lies on the next
            day.
        days: weekdays on which the hours begin, Monday is 0.
    """

    start: time
    end: time
    zone: tzinfo
    days: frozenset[int] = ALL_DAYS

    def end_after(self, now: datetime) -> datetime | None:
        """Return when the quiet hours around a moment end, in UTC, or `None` outside of them."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            last = day if self.end > self.start else day + timedelta(days=1)
            start = datetime.combine(day, self.start, self.zone).astimezone(UTC)
            end = datetime.combine(last, self.end, self.zone).astimezone(UTC)
            if day.weekday() in self.days and start <= now < end:
                return end
        return None
