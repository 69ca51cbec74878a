"""Agreement of JSON values."""

from __future__ import annotations

from typing import Any

import pytest

from guards.agreement import agreement, same_scalar


@pytest.mark.parametrize(
    ("expected", "actual", "share"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, 1.0),
        ({"a": 1, "b": 2}, {"a": 1}, 0.5),
        ({"a": 1}, {"a": 1, "b": 2}, 0.5),
        ({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}, "d": 3}, 0.75),
        ([1, 2], [1, 3], 0.5),
        ([1], [1, 2], 0.5),
        ({}, {}, 1.0),
        ([], [], 1.0),
        ({"a": 1}, [1], 0.0),
        (1, 1.0, 1.0),
        (True, 1, 0.0),
        (None, None, 1.0),
    ],
)
def test_agreement_is_counted_field_by_field(expected: Any, actual: Any, share: float) -> None:
    """Missing and invented fields count alike; true is not 1."""
    assert agreement(expected, actual, same_scalar) == share
