"""Signals of likelihood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from guards import entropy
from guards.signals import catalogue, likelihood
from tests.unit.guards.samples import exchange


def _signals(**changes: Any) -> dict[str, float]:
    return catalogue.table([exchange(**changes)], likelihood.SIGNALS).mappings()[0]


def test_likelihood_is_measured_over_the_tokens() -> None:
    """Mean, minimum, tail and the tokens below one chance in ten."""
    assert _signals(token_logprobs=(-0.5, -3.5)) == {
        "logprob_mean": -2.0,
        "logprob_min": -3.5,
        "unlikely_tokens": 0.5,
        "unlikely_run": 1.0,
        "logprob_p05": -3.5,
    }


def test_the_longest_run_of_unlikely_tokens_stays_within_its_answer() -> None:
    """A run at the end of one answer does not go on in the next; the unknown is no run."""
    answers = [(-3.0, -0.1, -3.0, -3.0), (-3.0, -3.0, -3.0, -0.1), None, (-0.1,)]
    batch = [exchange(token_logprobs=each) for each in answers]
    runs = catalogue.table(batch, likelihood.SIGNALS).column("unlikely_run")
    assert np.array_equal(runs, [2.0, 3.0, math.nan, 0.0], equal_nan=True)


def test_the_tail_is_the_rarest_twentieth() -> None:
    """Of 40 tokens two are rarer than the rest."""
    logprobs = tuple(-float(number) for number in range(1, 41))
    assert _signals(token_logprobs=logprobs)["logprob_p05"] == -39.0


def test_an_answer_that_grows_unsure_has_a_surprise_that_rises() -> None:
    """Its last third is one nat more surprising than its first; a short answer has no thirds."""
    rising = (-1.0,) * 4 + (-9.0,) * 4 + (-2.0,) * 4
    assert _signals(token_logprobs=rising)["surprise_drift"] == 1.0
    assert "surprise_drift" not in _signals(token_logprobs=rising[:11])


def test_entropy_is_measured_over_the_tokens_of_which_it_is_known() -> None:
    """A token without alternatives says nothing."""
    signals = _signals(token_logprobs=(-1.0, -2.0, -9.0), token_entropies=(0.5, 1.0, math.nan))
    assert (signals["entropy_mean"], signals["entropy_p95"]) == (0.75, 1.0)
    assert signals["surprise_excess"] == 0.75


def test_drawn_tokens_are_as_surprising_as_their_distribution_says() -> None:
    """At temperature 1 the excess is 0 within three standard errors, and greedy ones have less."""
    rng = np.random.default_rng(3)
    odds = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    drawn = np.log(rng.choice(odds, p=odds, size=4000))
    entropies = (entropy.least(np.log(odds).tolist()),) * len(drawn)
    excess = _signals(token_logprobs=tuple(drawn), token_entropies=entropies)["surprise_excess"]
    assert abs(excess) < 3 * drawn.std() / math.sqrt(len(drawn))
    greedy = (math.log(0.4),) * len(drawn)
    assert _signals(token_logprobs=greedy, token_entropies=entropies)["surprise_excess"] < -0.4


@pytest.mark.parametrize("logprobs", [None, (), (-0.1, math.nan), (-0.1, -math.inf)])
def test_likelihood_is_undefined_without_finite_log_probabilities(
    logprobs: tuple[float, ...] | None,
) -> None:
    """Unknown and broken log-probabilities give no number."""
    table = catalogue.table([exchange(token_logprobs=logprobs)], likelihood.SIGNALS)
    assert np.isnan(table.values).all()
