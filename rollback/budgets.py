"""Error budgets as people write them, and the line 1/α that follows."""

from __future__ import annotations

import re

_COUNT = r"\d[\d,_]*"
_EXCHANGES = re.compile(rf"({_COUNT}) in ({_COUNT}) exchanges?")
_TIME = re.compile(rf"({_COUNT}) in ({_COUNT}) (hour|day|week)s? at ({_COUNT}) exchanges a day")
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0}


def parse_budget(text: object) -> float:
    """Return 1/α, the mean number of exchanges between false alarms; more than 1.

    Raises:
        ValueError: saying how a budget is written.

    >>> parse_budget("1 in 90 days at 2000 exchanges a day")
    180000.0
    """
    words = " ".join(text.split()) if isinstance(text, str) else ""
    line = _per_exchanges(words) or _per_time(words)
    if line is None:
        raise ValueError(
            f"{text!r} is no budget; write it like '1 in 100000 exchanges' "
            "or '1 in 90 days at 2000 exchanges a day'"
        )
    if line <= 1:
        raise ValueError(f"{text!r} allows an alarm at every exchange; allow fewer")
    return line


def _per_exchanges(words: str) -> float | None:
    match = _EXCHANGES.fullmatch(words)
    return _ratio(match[2], match[1]) if match else None


def _per_time(words: str) -> float | None:
    match = _TIME.fullmatch(words)
    if match is None:
        return None
    return _ratio(match[2], match[1]) * _DAYS[match[3]] * _count(match[4])


def _ratio(total: str, alarms: str) -> float:
    if _count(alarms) == 0:
        raise ValueError("a budget of 0 alarms can never act; allow at least 1")
    return _count(total) / _count(alarms)


def _count(digits: str) -> int:
    return int(digits.replace(",", "").replace("_", ""))
