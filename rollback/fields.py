"""Reading values that people write: every refusal names the key and the way out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from rollback.durations import parse_duration
from rollback.errors import PolicyError

_YEAR = timedelta(days=366)
_MINUTE = timedelta(minutes=1)
_MOST_PEOPLE = 9

Reader = Callable[[Any], Any]
"""Turns what was written into a value, or raises `ValueError` with the way out."""


def read(
    mapping: Mapping[str, Any], fields: Mapping[str, tuple[str, Reader]], *, at: str = ""
) -> dict[str, Any]:
    """Return the values of a mapping, by the names that `fields` gives them.

    Args:
        fields: key as people write it, to the name of the value and its reader.
        at: where the mapping stands, e.g. `thresholds[0].`, for the message.

    Raises:
        PolicyError: for the first key that is unknown or whose value cannot be used.
    """
    values: dict[str, Any] = {}
    for key, written in mapping.items():
        if key not in fields:
            raise PolicyError(f"{at}{key}", f"is unknown; {advice(str(key), fields)}")
        name, reader = fields[key]
        values[name] = _guarded(f"{at}{key}", reader, written)
    return values


def advice(word: str, known: Iterable[str]) -> str:
    """Return the nearest known word as a question, or all known words."""
    by_parts = {_in_order(each): each for each in known}
    near = get_close_matches(_in_order(word), by_parts, n=1, cutoff=0.5)
    if near:
        return f"did you mean {by_parts[near[0]]!r}?"
    return f"known are {', '.join(sorted(by_parts.values()))}"


def _in_order(word: str) -> str:
    """Return a name with its parts in order: who writes `p95_latency` knows all but the order."""
    return "_".join(sorted(word.split("_")))


def _guarded(key: str, reader: Reader, value: Any) -> Any:
    try:
        return reader(value)
    except (ValueError, OverflowError) as error:
        raise PolicyError(key, str(error)) from error


def boolean(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is neither true nor false")


def number(value: object) -> float:
    """Read a finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{value!r} is no number")


def share(value: object) -> float:
    """Read a number from 0 to 1."""
    amount = number(value)
    if 0 <= amount <= 1:
        return amount
    raise ValueError(f"{value!r} is out of range; give a share from 0 to 1")


def open_share(value: object) -> float:
    """Read a number above 0 and below 1."""
    amount = share(value)
    if 0 < amount < 1:
        return amount
    raise ValueError(f"{value!r} is out of range; give a rate above 0 and below 1, like 0.05")


def positive_share(value: object) -> float:
    """Read a number above 0, up to 1."""
    amount = share(value)
    if amount > 0:
        return amount
    raise ValueError(f"{value!r} is out of range; give a share above 0, like 0.05; 1 is no cap")


def count(value: object) -> int:
    """Read a whole number of at least 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"{value!r} is no whole number of at least 1")


def people(value: object) -> int:
    """Read how many people must agree: false is nobody, true is one, or a number up to 9."""
    if isinstance(value, int) and 0 <= value <= _MOST_PEOPLE:
        return int(value)
    raise ValueError(
        f"{value!r} is neither true, false nor a number of people up to {_MOST_PEOPLE}"
    )


def period(value: object) -> timedelta:
    """Read a duration from a minute, the grain of indicators, to a year."""
    duration = parse_duration(value)
    if _MINUTE <= duration <= _YEAR:
        return duration
    raise ValueError(f"{value!r} is out of range; give a duration from '1m' to '366d'")
