"""Signals of likelihood: how sure the model was of the tokens that it wrote."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from guards.exchange import Exchange
from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, of_exchange
from guards.signals.tokens import Tokens

UNLIKELY = math.log(0.1)  # a token that the model gave less than one chance in ten
_TAIL = 0.05
_PARTS = 3  # an answer's beginning, middle and end
_FEWEST = 4  # tokens of each


def mean(logprobs: Sequence[float]) -> float:
    """Return the mean log-probability."""
    return sum(logprobs) / len(logprobs)


def _of_logprobs(measure: Callable[[Sequence[float]], float]) -> Callable[[Batch], Values]:
    """Return the `compute` of a measure of an answer's log-probabilities.

    Where one is not finite that is a fault, found elsewhere; here it would only poison the means.
    """
    return lambda batch: batch.logprobs.spread(map(measure, batch.logprobs.rows))


def _of_tokens(measure: Callable[[Tokens], Values]) -> Callable[[Batch], Values]:
    """Return the `compute` of a measure of the log-probabilities of all answers together."""
    return lambda batch: batch.logprobs.spread(measure(batch.logprobs))


def _unlikely_share(tokens: Tokens) -> Values:
    return tokens.counts(tokens.flat < UNLIKELY) / tokens.sizes


def _unlikely_run(tokens: Tokens) -> Values:
    """Return the longest run of unlikely tokens."""
    return tokens.longest_runs(tokens.flat < UNLIKELY)


def _tail(tokens: Tokens) -> Values:
    """Return the 5 % quantile of the log-probabilities: the inverse of the distribution function."""
    rows = tokens.parts()
    return np.array([np.sort(row)[math.ceil(_TAIL * len(row)) - 1] for row in rows], dtype=float)


def surprise_drift(logprobs: Sequence[float]) -> float:
    """Return the mean surprise of the last third less that of the first third.

    It is the logarithm of the ratio of their perplexities. NaN under 12 tokens.
    """
    third = len(logprobs) // _PARTS
    if third < _FEWEST:
        return math.nan
    return (sum(logprobs[:third]) - sum(logprobs[-third:])) / third


def entropy_mean(exchange: Exchange) -> float:
    """Return the mean of the tokens' least entropies; NaN where they are not known."""
    known = _known(exchange.token_entropies)
    return mean(known) if known else math.nan


def entropy_tail(exchange: Exchange) -> float:
    """Return the 95 % quantile of the tokens' least entropies."""
    known = sorted(_known(exchange.token_entropies))
    return known[math.ceil((1 - _TAIL) * len(known)) - 1] if known else math.nan


def surprise_excess(exchange: Exchange) -> float:
    """Return the mean of surprise less entropy over the tokens of which both are known.

    It is calibrated: tokens that are drawn from the model's own distribution (temperature 1) have a
    mean of 0, greedy ones less. The entropies are bounds from below, so it errs upwards.
    """
    logprobs, entropies = exchange.token_logprobs, exchange.token_entropies
    if not logprobs or not entropies or len(logprobs) != len(entropies):
        return math.nan
    excess = [-logprob - entropy for logprob, entropy in zip(logprobs, entropies, strict=True)]
    known = _known(excess)
    return mean(known) if known else math.nan


def _known(values: Sequence[float] | None) -> list[float]:
    return [value for value in values or () if math.isfinite(value)]


def _signal(
    name: str,
    unit: str,
    meaning: str,
    compute: Callable[[Batch], Values],
    *,
    low: float = -math.inf,
    high: float = math.inf,
    tail: Tail = Tail.BOTH,
    channel: bool = True,
) -> Signal:
    return Signal(
        name=name,
        unit=unit,
        low=low,
        high=high,
        meaning=meaning,
        tail=tail,
        compute=compute,
        channel=channel,
        family=Family.LIKELIHOOD,
    )


SIGNALS = (
    _signal("logprob_mean", "nats", "mean log-probability", _of_logprobs(mean), high=0),
    _signal("logprob_min", "nats", "lowest log-probability", _of_logprobs(min), high=0),
    _signal(
        "unlikely_tokens",
        "",
        "share of unlikely tokens",
        _of_tokens(_unlikely_share),
        low=0,
        high=1,
        tail=Tail.UPPER,
    ),
    _signal(
        "unlikely_run",
        "tokens",
        "longest run of unlikely tokens",
        _of_tokens(_unlikely_run),
        low=0,
        tail=Tail.UPPER,
    ),
    # Between the mean and the lowest, and says little that they do not.
    _signal(
        "logprob_p05",
        "nats",
        "5 % quantile of log-probabilities",
        _of_tokens(_tail),
        high=0,
        channel=False,
    ),
    _signal(
        "surprise_drift",
        "nats",
        "rise of surprise from beginning to end",
        _of_logprobs(surprise_drift),
    ),
    _signal("entropy_mean", "nats", "mean entropy", of_exchange(entropy_mean), low=0),
    _signal(
        "entropy_p95",
        "nats",
        "95 % quantile of entropies",
        of_exchange(entropy_tail),
        low=0,
        channel=False,
    ),
    _signal("surprise_excess", "nats", "surprise beyond the entropy", of_exchange(surprise_excess)),
)
