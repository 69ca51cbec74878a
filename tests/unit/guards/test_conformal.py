"""Online conformal p-values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from guards.conformal import ConformalRanks, thetas_of

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
    ranks, past = ConformalRanks([reference]), list(reference)
    scores = np.array([[score] for score, _ in stream]).reshape(-1, 1)
    thetas = np.array([[theta] for _, theta in stream]).reshape(-1, 1)
    found = ranks.p_values(scores, thetas)[:, 0].tolist()
    for (score, theta), p_value in zip(stream, found, strict=True):
        greater = sum(each > score for each in past)
        equal = sum(each == score for each in past)
        expected = (greater + theta * (equal + 1)) / (len(past) + 1)
        assert p_value == pytest.approx(expected)
        past.append(score)


def _one(ranks: ConformalRanks, score: float, theta: float = 0.5) -> float:
    return float(ranks.p_values(np.array([[score]]), np.array([[theta]]))[0, 0])


def test_how_a_stream_is_cut_into_batches_does_not_matter() -> None:
    """One by one, in odd pieces and all at once: the same p-values, bit for bit."""
    rng = np.random.default_rng(4)
    reference = [rng.normal(size=40), rng.poisson(1.0, 60).astype(float)]
    scores = np.column_stack([rng.normal(size=200), rng.poisson(1.0, 200).astype(float)])
    scores[rng.random(scores.shape) < 0.1] = np.nan
    thetas = rng.random(scores.shape)
    whole = ConformalRanks(reference).p_values(scores, thetas)
    for size in (1, 7, 64, 65):
        ranks = ConformalRanks(reference)
        pieces = [
            ranks.p_values(scores[i : i + size], thetas[i : i + size]) for i in range(0, 200, size)
        ]
        assert np.array_equal(np.concatenate(pieces), whole, equal_nan=True)


def test_what_is_unknown_counts_for_nothing() -> None:
    """A NaN gets NaN, and later scores are ranked as if it had never come."""
    ranks = ConformalRanks([[1.0, 2.0], []])
    p_values = ranks.p_values(np.array([[np.nan, 1.0], [3.0, np.nan]]), np.full((2, 2), 0.5))
    assert np.isnan(p_values).tolist() == [[True, False], [False, True]]
    assert p_values[1, 0] == pytest.approx(0.5 / 3)
    assert ranks.sizes.tolist() == [3, 1]


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_rounding_never_turns_an_order_around(smaller: float, larger: float) -> None:
    """A larger score never has a larger p-value, for any floats, infinities included."""
    smaller, larger = min(smaller, larger), max(smaller, larger)
    past = [-1.0, 0.0, 1e-9, 0.5, 1.0, 7.0]
    odd, ordinary = (_one(ConformalRanks([past]), each) for each in (larger, smaller))
    assert odd <= ordinary


def test_nan_is_refused() -> None:
    """A NaN has no rank."""
    with pytest.raises(ValueError, match="NaN"):
        ConformalRanks([[1.0, float("nan")]])


@pytest.mark.parametrize("discrete", [False, True])
def test_p_values_of_an_exchangeable_stream_are_uniform(discrete: bool) -> None:
    """A Kolmogorov–Smirnov test at level 0.001 finds nothing, with ties and without."""
    rng = np.random.default_rng(7)
    scores = rng.poisson(0.7, 1500).astype(float) if discrete else rng.lognormal(size=1500)
    ranks = ConformalRanks([scores[:100]])
    p_values = ranks.p_values(scores[100:, None], rng.random((1400, 1)))[:, 0]
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(p_values[1:], p_values[:-1])[0, 1]) < 3.3 / np.sqrt(len(p_values))


def test_a_restored_past_gives_the_same_p_values() -> None:
    """State survives JSON bit for bit."""
    rng = np.random.default_rng(1)
    ranks = ConformalRanks([rng.normal(size=50)])
    copy = ConformalRanks.restore(json.loads(json.dumps(ranks.state())))
    assert copy.sizes.tolist() == [50]
    later, thetas = rng.normal(size=(50, 1)), rng.random((50, 1))
    assert copy.p_values(later, thetas).tolist() == ranks.p_values(later, thetas).tolist()


def test_theta_looks_uniform_over_exchanges() -> None:
    """Numbers of consecutive ids pass for uniform draws at level 0.001."""
    thetas = thetas_of([f"chatcmpl-{i}" for i in range(1000)], ["length"])[:, 0]
    assert kstest(thetas, "uniform").pvalue > 0.001


def test_theta_differs_between_channels_and_repeats_in_a_replay() -> None:
    """It is a function of exchange and channel and of nothing else."""
    length, repetition = thetas_of(["a"], ["length", "repetition"])[0]
    assert length == thetas_of(["a"], ["length"])[0, 0]
    assert length != repetition
