"""Exact bounds and tails of the binomial distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from guards import binomial

COUNTS = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_the_bound_is_the_quantile_of_the_beta_distribution(counts: tuple[int, int]) -> None:
    """It agrees with SciPy's inverse of the incomplete beta function to eleven digits."""
    hits, trials = counts
    found = binomial.upper_bound(hits, trials, confidence=0.99)
    beta = special.betaincinv(hits + 1, trials - hits, 0.99) if hits < trials else 1.0
    assert found == pytest.approx(beta, rel=1e-11)


@given(COUNTS)
def test_the_tail_is_the_distribution_function_of_a_fair_coin(counts: tuple[int, int]) -> None:
    """It agrees with SciPy to eleven digits, wherever SciPy does not underflow."""
    hits, trials = counts
    assert binomial.coin_tail(hits, trials) == pytest.approx(
        special.bdtr(hits, trials, 0.5), rel=1e-11, abs=1e-300
    )


def test_a_rate_that_never_missed_has_no_bound_but_one() -> None:
    """Ten of ten hits speak against no rate, however high."""
    assert binomial.upper_bound(10, 10, confidence=0.99) == 1.0


def test_without_trials_every_rate_is_possible() -> None:
    """No trial, no bound."""
    assert binomial.upper_bound(0, 0, confidence=0.99) == 1.0
