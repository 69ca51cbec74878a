"""Agreement of two JSON values, field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def agreement(expected: Any, actual: Any, same: Callable[[Any, Any], bool]) -> float:
    """Return the share of agreement in [0, 1].

    Objects agree by the mean over all fields that either has, so that an invented field counts
    like a missing one; lists by the mean over positions; everything else wholly or not at all.

    Args:
        same: whether two scalars (or values of different kinds) are the same.

    >>> agreement({"a": 1, "b": 2}, {"a": 1, "b": 3}, lambda x, y: x == y)
    0.5
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        fields = expected.keys() | actual.keys()
        shared = expected.keys() & actual.keys()
        total = sum(agreement(expected[field], actual[field], same) for field in sorted(shared))
        return total / len(fields) if fields else 1.0
    if isinstance(expected, list) and isinstance(actual, list):
        total = sum(agreement(*pair, same) for pair in zip(expected, actual, strict=False))
        longest = max(len(expected), len(actual))
        return total / longest if longest else 1.0
    return float(same(expected, actual))


def same_scalar(expected: Any, actual: Any) -> bool:
    """Return whether two JSON scalars are equal; true is not 1, and 1 is 1.0."""
    return isinstance(expected, bool) == isinstance(actual, bool) and bool(expected == actual)
