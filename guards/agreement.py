"""Agreement of two JSON values, field by field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

Same = Callable[[Any, Any], bool]


def agreement(expected: Any, actual: Any, same: Same) -> float:
    """Return the share of agreement in [0, 1].

    Objects agree by the mean over all fields that either has, so that an invented field counts
    like a missing one; lists by the mean over positions; everything else wholly or not at all.

    Args:
        same: whether two scalars (or values of different kinds) are the same.

    >>> agreement({"a": 1, "b": 2}, {"a": 1, "b": 3}, lambda x, y: x == y)
    0.5
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        return weighted(expected, actual, same)
    if isinstance(expected, list) and isinstance(actual, list):
        total = sum(agreement(*pair, same) for pair in zip(expected, actual, strict=False))
        longest = max(len(expected), len(actual))
        return total / longest if longest else 1.0
    return float(same(expected, actual))


def weighted(
    expected: Mapping[str, Any],
    actual: Any,
    same: Same,
    weights: Mapping[str, float] | None = None,
    required: Collection[str] = (),
) -> float:
    """Return the weighted share of an object's fields that agree, in [0, 1].

    Args:
        weights: of fields, above 0; a field without one, or an invented one, weighs 1.
        required: fields that must agree wholly, or the share is 0.

    >>> weighted({"a": 1, "b": 2}, {"a": 1}, same_scalar, {"a": 3})
    0.75
    """
    if not isinstance(actual, dict):
        return 0.0
    known = weights or {}
    names = sorted(expected.keys() | actual.keys())
    shares = {name: _share(name, expected, actual, same) for name in names}
    if any(shares[name] < 1.0 for name in required):
        return 0.0
    total = sum(known.get(name, 1.0) for name in names)
    return sum(known.get(name, 1.0) * shares[name] for name in names) / total if names else 1.0


def same_scalar(expected: Any, actual: Any) -> bool:
    """Return whether two JSON scalars are equal; true is not 1, and 1 is 1.0."""
    return isinstance(expected, bool) == isinstance(actual, bool) and bool(expected == actual)


def _share(name: str, expected: Mapping[str, Any], actual: Mapping[str, Any], same: Same) -> float:
    if name not in expected or name not in actual:
        return 0.0
    return agreement(expected[name], actual[name], same)
