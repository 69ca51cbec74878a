"""Durations as people write them: `5m`, `24h`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

_PART = re.compile(r"(\d+)\s*([smhd])")
_WHOLE = re.compile(r"(?:\d+\s*[smhd]\s*)+")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_duration(text: object) -> timedelta:
    """Return the length of a duration, at least 0.

    Raises:
        ValueError: saying how a duration is written.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no duration; write it like '30s', '5m', '24h' or '90d'")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long a duration") from error


def spell(duration: timedelta) -> str:
    """Return a duration as `parse_duration` reads it, in whole seconds.

    >>> spell(timedelta(minutes=90))
    '1h30m'
    """
    left = int(duration.total_seconds())
    parts = []
    for unit, seconds in reversed(_SECONDS.items()):
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
