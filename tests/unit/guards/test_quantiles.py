"""Quantiles in bins of a fixed relative width."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards import quantiles
from guards.quantiles import EMPTY, PRECISION, Quantiles

_NUMBERS = st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=1, max_size=60)
_ROUNDING = 1e-9


@given(_NUMBERS, st.floats(min_value=0, max_value=1))
def test_every_quantile_is_within_the_precision(numbers: list[float], share: float) -> None:
    """The numbers beside it in rank are each off by the precision at most."""
    true = float(np.quantile(np.array(numbers), share))
    assert Quantiles.of(numbers).value(share) == pytest.approx(true, rel=PRECISION + _ROUNDING)


@given(st.lists(_NUMBERS, min_size=1, max_size=6))
def test_the_sketches_of_parts_make_the_sketch_of_the_whole(parts: list[list[float]]) -> None:
    """To the last bit, and in any order."""
    whole = Quantiles.of([number for part in parts for number in part]).write()
    sketches = quantiles.each_of([np.array(part) for part in parts])
    assert EMPTY.merged(*sketches).write() == whole
    assert EMPTY.merged(*reversed(sketches)).write() == whole


@given(_NUMBERS)
def test_what_is_written_is_read_again(numbers: list[float]) -> None:
    """Bytes keep every bin and count."""
    sketch = Quantiles.of(numbers)
    assert Quantiles.read(sketch.write()).write() == sketch.write()
    assert Quantiles.read(sketch.write()).size == len(numbers)


@pytest.mark.parametrize("repeats", [255, 256, 65_536])
def test_counts_of_every_width_survive(repeats: int) -> None:
    """The narrowest width that holds the largest count is written."""
    sketch = Quantiles.of(np.ones(repeats))
    assert Quantiles.read(sketch.write()).size == repeats


def test_nothing_has_no_quantile() -> None:
    """An empty sketch says so, also once it was written."""
    assert math.isnan(EMPTY.value(0.5))
    assert Quantiles.read(EMPTY.write()).size == 0


def test_numbers_beyond_the_bins_are_counted_at_the_ends() -> None:
    """Zero stays zero, NaN is left out, and infinity is as much as there is."""
    sketch = Quantiles.of([0.0, -3.0, math.nan, math.inf])
    assert sketch.size == 3
    assert sketch.value(0.0) == 0.0
    assert sketch.value(1.0) == pytest.approx(1e12, rel=PRECISION)


@pytest.mark.parametrize("content", [b"", b"\3", b"\1\0\0", b"\7" * 4])
def test_other_bytes_are_refused(content: bytes) -> None:
    """What was not written here is no sketch."""
    with pytest.raises(ValueError, match="no sketch"):
        Quantiles.read(content)
