"""Maintenance windows: times in which nothing is changed by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from rollback import fields
from rollback.durations import parse_duration, spell
from rollback.errors import PolicyError
from rollback.thresholds import MINUTE

_LONGEST = timedelta(days=7)
_RANGES = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 7),
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_WEEKDAYS = "sun mon tue wed thu fri sat"
_NAMES: Mapping[str, Mapping[str, int]] = {
    "month": {name: number for number, name in enumerate(_MONTHS.split(), start=1)},
    "weekday": {name: number for number, name in enumerate(_WEEKDAYS.split())},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time, once or again and again.

    Args:
        cron: five fields of a crontab (minute, hour, day, month, weekday) for its starts, in the
            local time of `timezone`; empty for a window that is there once.
        start: of a window that is there once.
        lasting: from a minute to 7 days.
        timezone: name of the IANA database.
    """

    lasting: timedelta
    timezone: str = "UTC"
    cron: str = ""
    start: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether a moment lies within; the end is not part of it."""
        if self.start is not None:
            return self.start <= now < self.start + self.lasting
        return any(_starts(self.cron, self.timezone, moment) for moment in self._openings(now))

    def _openings(self, now: datetime) -> Iterator[datetime]:
        """Yield the minutes in which a window that holds now may have begun, newest first."""
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        while now - minute < self.lasting:
            yield minute
            minute -= MINUTE

    def __str__(self) -> str:
        if self.start is not None:
            return f"from {self.start.isoformat()} for {spell(self.lasting)}"
        return f"{self.cron!r} ({self.timezone}) for {spell(self.lasting)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """When nothing is changed by itself, and whether hard faults are an exception."""

    windows: tuple[Window, ...] = ()
    except_hard_faults: bool = False

    def window(self, now: datetime) -> Window | None:
        """Return the window that a moment lies in."""
        return next((window for window in self.windows if window.holds(now)), None)


def parse(value: object) -> Maintenance:
    """Return the maintenance that a mapping describes.

    Raises:
        ValueError: if it is no mapping.
        PolicyError: for the first key that cannot be used.
    """
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping with 'windows'")
    return Maintenance(**fields.read(value, _FIELDS, at="maintenance."))


def _windows(value: object) -> tuple[Window, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError("must be a list of windows")
    return tuple(_window(each, f"maintenance.windows[{index}]") for index, each in enumerate(value))


def _window(value: object, at: str) -> Window:
    if not isinstance(value, Mapping):
        raise PolicyError(at, "must be a mapping with 'cron' or 'start', and 'for'")
    values = fields.read(value, _WINDOW_FIELDS, at=f"{at}.")
    if ("cron" in values) == ("start" in values):
        raise PolicyError(at, "needs exactly one of 'cron' and 'start'")
    if "lasting" not in values:
        raise PolicyError(at, "lacks 'for'")
    start = values.get("start")
    if start is not None and start.tzinfo is None:
        values["start"] = start.replace(tzinfo=_zone(values.get("timezone", "UTC")))
    return Window(**values)


def _cron(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    _fields_of(text)
    return text


def _start(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no moment; write it like '2026-03-01T22:00'") from error


def _lasting(value: object) -> timedelta:
    duration = parse_duration(value)
    if MINUTE <= duration <= _LONGEST:
        return duration
    raise ValueError(f"{value!r} is out of range; give a duration from '1m' to '7d'")


def _timezone(value: object) -> str:
    try:
        return _zone(str(value)).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"{value!r} is no time zone; write it like 'Europe/Berlin' or 'UTC'"
        ) from error


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _starts(cron: str, timezone: str, moment: datetime) -> bool:
    """Tell whether a window starts in a minute.

    As in a crontab, a day counts if it fits the day of the month or the weekday, where both are
    given.
    """
    minutes, hours, days, months, weekdays = _fields_of(cron)
    local = moment.astimezone(_zone(timezone))
    if local.minute not in minutes or local.hour not in hours or local.month not in months:
        return False
    by_day, by_weekday = local.day in days, local.isoweekday() % 7 in weekdays
    _, _, day, _, weekday = cron.split()
    if "*" in (day, weekday):
        return by_day and by_weekday
    return by_day or by_weekday


@lru_cache(maxsize=64)
def _fields_of(cron: str) -> tuple[frozenset[int], ...]:
    parts = cron.split()
    if len(parts) != len(_RANGES):
        raise ValueError(
            f"{cron!r} is no crontab line; write minute, hour, day, month, weekday, like '0 2 * * sun'"
        )
    found = [_field(part.lower(), *each) for part, each in zip(parts, _RANGES, strict=True)]
    return (*found[:4], frozenset(day % 7 for day in found[4]))


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, last = _span(span, name, low, high)
        found.update(range(first, last + 1, _number(step, name, 1, high) if step else 1))
    return frozenset(found)


def _span(span: str, name: str, low: int, high: int) -> tuple[int, int]:
    if span == "*":
        return low, high
    first, dash, last = span.partition("-")
    begin = _number(first, name, low, high)
    end = _number(last, name, low, high) if dash else begin
    if begin > end:
        raise ValueError(f"the {name} {span!r} runs backwards; write {last}-{first}")
    return begin, end


def _number(text: str, name: str, low: int, high: int) -> int:
    named = _NAMES.get(name, {}).get(text)
    number = named if named is not None else int(text) if text.isdecimal() else -1
    if low <= number <= high:
        return number
    raise ValueError(f"{text!r} is no {name}; give {low} to {high}")


_WINDOW_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "cron": ("cron", _cron),
    "start": ("start", _start),
    "for": ("lasting", _lasting),
    "timezone": ("timezone", _timezone),
}

_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "windows": ("windows", _windows),
    "except_hard_faults": ("except_hard_faults", fields.boolean),
}
