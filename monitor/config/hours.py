"""Hours of the day in a time zone, as people write them: `22:00-06:00 Asia/Tokyo`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Self
from zoneinfo import ZoneInfo

_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})(?: ([A-Za-z0-9_+\-/]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From a time of day up to another; over midnight where that is the earlier one."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what is written.

        Raises:
            ValueError: saying how hours are written.

        >>> Hours.parse("22:00-06:00 Asia/Tokyo").zone.key
        'Asia/Tokyo'
        """
        found = _HOURS.fullmatch(text.strip())
        try:
            if found is None:
                raise ValueError(text)
            zone = ZoneInfo(found.group(5) or "UTC")
            start, end = (time(int(found.group(n)), int(found.group(n + 1))) for n in (1, 3))
            return cls(start=start, end=end, zone=zone)
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(
                f"{text!r} are no hours; write them like '22:00-06:00 Asia/Tokyo'"
            ) from error

    def contain(self, now: datetime) -> bool:
        """Whether a moment (timezone-aware) lies in them."""
        local = now.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end
