"""The shield around somebody else's signal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from guards.exchange import Exchange
from guards.signals.batch import Batch
from guards.signals.shielded import shielded
from guards.signals.signal import Signal, Tail
from tests.unit.guards.samples import exchange

Reports = list[tuple[str, str, int]]


def shield(compute: Callable[[Sequence[Exchange]], Any], reports: Reports) -> Signal:
    """Return a shielded signal of the range [0, 10]."""
    own = Signal(
        name="own", unit="", low=0, high=10, meaning="own", tail=Tail.UPPER, compute=compute
    )
    return shielded(own, lambda *report: reports.append(report))


def test_sound_values_pass_and_unknown_ones_stay_unknown() -> None:
    """NaN is a fair answer; a list is as good as an array."""
    reports: Reports = []
    values = shield(lambda batch: [1, math.nan], reports).compute(Batch([exchange()] * 2))
    assert np.array_equal(values, [1.0, math.nan], equal_nan=True)
    assert reports == []


def test_values_beyond_the_range_are_left_out() -> None:
    """Infinity is beyond any finite range."""
    reports: Reports = []
    batch = Batch([exchange()] * 4)
    values = shield(lambda each: [5, 11, -1, math.inf], reports).compute(batch)
    assert np.array_equal(values, [5.0, math.nan, math.nan, math.nan], equal_nan=True)
    assert reports == [("own", "11 is outside [0, 10]", 3)]


def test_one_answer_that_it_fails_on_costs_one_value() -> None:
    """The batch is asked for again, one exchange after the other."""
    reports: Reports = []

    def halves(batch: Sequence[Exchange]) -> list[float]:
        return [1 / len(each.output) for each in batch]

    values = shield(halves, reports).compute(
        Batch([exchange("ab"), exchange(""), exchange("abcd")])
    )
    assert np.array_equal(values, [0.5, math.nan, 0.25], equal_nan=True)
    assert reports == [("own", "ZeroDivisionError: division by zero", 1)]


@pytest.mark.parametrize("given", [None, 1.0, [1.0], [[1.0, 2.0]], ["a", "b"], object()])
def test_values_of_a_wrong_shape_or_type_are_none(given: Any) -> None:
    """There must be one number for each exchange."""
    reports: Reports = []
    batch = Batch([exchange(), exchange()])
    values = shield(lambda each: given, reports).compute(batch)
    assert np.isnan(values).all() or given == [1.0]
    assert bool(reports) is (given != [1.0])
