"""Strict JSON text: parsing that refuses what is no JSON, and a canonical form to compare by."""

from __future__ import annotations

import json
import sys
from typing import Any


def parse(text: str) -> Any:
    """Parse JSON. Raises `ValueError`, also for NaN, Infinity and endless nesting."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no white space: equal values give equal text.

    Raises:
        ValueError: if the value is nested too deeply.

    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def is_number(value: Any) -> bool:
    """Return whether a parsed value is a number that fits a float.

    >>> is_number(1), is_number(True), is_number(10**400)
    (True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
