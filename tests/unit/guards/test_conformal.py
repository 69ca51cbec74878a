"""Online conformal p-values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from guards.conformal import ConformalRanks, theta_of, two_sided

THETA = st.floats(0.0, 1.0)
# Halves up to 64 survive the rounding to 7 significant bits, so that ranks can be counted by hand.
SCORE = st.integers(-128, 128).map(lambda halves: halves / 2.0)


@given(
    reference=st.lists(SCORE, max_size=30), stream=st.lists(st.tuples(SCORE, THETA), max_size=30)
)
def test_a_p_value_is_the_smoothed_rank_among_everything_before(
    reference: list[float], stream: list[tuple[float, float]]
) -> None:
    """Each p-value equals the definition, counted by hand over reference and past."""
    ranks, past = ConformalRanks(reference), list(reference)
    for score, theta in stream:
        greater = sum(each > score for each in past)
        equal = sum(each == score for each in past)
        expected = (greater + theta * (equal + 1)) / (len(past) + 1)
        assert ranks.p_value(score, theta) == pytest.approx(expected)
        past.append(score)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_rounding_never_turns_an_order_around(smaller: float, larger: float) -> None:
    """A larger score never has a larger p-value, for any floats, infinities included."""
    smaller, larger = min(smaller, larger), max(smaller, larger)
    past = [-1.0, 0.0, 1e-9, 0.5, 1.0, 7.0]
    odd, ordinary = (ConformalRanks(past).p_value(each, 0.5) for each in (larger, smaller))
    assert odd <= ordinary


def test_nan_is_refused() -> None:
    """A NaN has no rank."""
    with pytest.raises(ValueError, match="NaN"):
        ConformalRanks([1.0, float("nan")])


@pytest.mark.parametrize("discrete", [False, True])
def test_p_values_of_an_exchangeable_stream_are_uniform(discrete: bool) -> None:
    """A Kolmogorov–Smirnov test at level 0.001 finds nothing, with ties and without."""
    rng = np.random.default_rng(7)
    scores = rng.poisson(0.7, 1500).astype(float) if discrete else rng.lognormal(size=1500)
    ranks = ConformalRanks(scores[:100])
    p_values = [ranks.p_value(each, rng.random()) for each in scores[100:]]
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(p_values[1:], p_values[:-1])[0, 1]) < 3.3 / np.sqrt(len(p_values))


def test_two_sided_p_values_are_small_at_both_ends() -> None:
    """Both tails count, and the scale stays that of a p-value."""
    assert two_sided(0.01) == pytest.approx(0.02)
    assert two_sided(0.99) == pytest.approx(0.02)
    assert two_sided(0.5) == 1.0


def test_a_restored_past_gives_the_same_p_values() -> None:
    """State survives JSON bit for bit."""
    rng = np.random.default_rng(1)
    ranks = ConformalRanks(rng.normal(size=50))
    copy = ConformalRanks.restore(json.loads(json.dumps(ranks.state())))
    assert copy.size == 50
    later = rng.normal(size=50)
    assert [copy.p_value(each, 0.3) for each in later] == [
        ranks.p_value(each, 0.3) for each in later
    ]


def test_theta_looks_uniform_over_exchanges() -> None:
    """Numbers of consecutive ids pass for uniform draws at level 0.001."""
    thetas = [theta_of(f"chatcmpl-{i}", "length") for i in range(1000)]
    assert kstest(thetas, "uniform").pvalue > 0.001


def test_theta_differs_between_channels_and_repeats_in_a_replay() -> None:
    """It is a function of exchange and channel and of nothing else."""
    assert theta_of("a", "length") == theta_of("a", "length")
    assert theta_of("a", "length") != theta_of("a", "repetition")
