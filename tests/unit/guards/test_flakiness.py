"""Flaky cases and their weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards import flakiness
from guards.flakiness import Spread


def _spread(case: str, variance: float, version: str = "v1") -> Spread:
    return Spread(case_id=case, version=version, runs=4, variance=variance)


def test_a_case_that_one_version_answers_now_well_now_badly_is_flaky() -> None:
    """Two versions that differ from each other are no sign of it."""
    spreads = [_spread("a", 0.0), _spread("a", 0.0, "v2"), _spread("b", 0.0), _spread("b", 0.1)]
    assert flakiness.weights(spreads).keys() == {"b"}


def test_the_weight_falls_with_the_larger_variance_and_never_to_nothing() -> None:
    """A coin's variance or more weighs a quarter; a steady case is not named at all."""
    spreads = [_spread("a", 0.1), _spread("a", 0.05, "v2"), _spread("b", 0.5), _spread("c", 0.0)]
    assert flakiness.weights(spreads) == {"a": pytest.approx(0.6), "b": 0.25}


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0.25, 1)), min_size=1, max_size=20),
    st.floats(0, 0.5),
)
def test_values_and_weighted_differences_stand_on_the_same_side_of_the_margin(
    cases: list[tuple[float, float]], margin: float
) -> None:
    """So a bet on the values is a bet on the weighted mean; and the values can be bet on."""
    differences, weights = np.array(cases).T
    values = flakiness.weighed(differences, weights, margin)
    assert ((values >= -1.0) & (values <= 1.0)).all()
    of_values = (values.mean() + margin) * len(cases)
    of_differences = (weights * (differences + margin)).sum()
    assert of_values == pytest.approx(of_differences, abs=1e-9)
