"""Signals of likelihood: how sure the model was of the tokens that it wrote."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from guards.exchange import Exchange
from guards.signals.signal import Signal, Tail, Values, column

UNLIKELY = math.log(0.1)  # a token that the model gave less than one chance in ten


def mean(logprobs: Sequence[float]) -> float:
    """Return the mean log-probability."""
    return sum(logprobs) / len(logprobs)


def unlikely_share(logprobs: Sequence[float]) -> float:
    """Return the share of tokens less likely than one in ten."""
    return sum(1 for value in logprobs if value < UNLIKELY) / len(logprobs)


def _of_logprobs(
    measure: Callable[[Sequence[float]], float],
) -> Callable[[Sequence[Exchange]], Values]:
    def value(exchange: Exchange) -> float:
        logprobs = exchange.token_logprobs
        # Not finite is a fault, found elsewhere; here it would only poison the means.
        if not logprobs or not math.isfinite(sum(logprobs)):
            return math.nan
        return measure(logprobs)

    return lambda exchanges: column(map(value, exchanges))


SIGNALS = (
    Signal(
        name="logprob_mean",
        unit="nats",
        low=-math.inf,
        high=0,
        meaning="mean log-probability",
        tail=Tail.BOTH,
        compute=_of_logprobs(mean),
    ),
    Signal(
        name="logprob_min",
        unit="nats",
        low=-math.inf,
        high=0,
        meaning="lowest log-probability",
        tail=Tail.BOTH,
        compute=_of_logprobs(min),
    ),
    Signal(
        name="unlikely_tokens",
        unit="",
        low=0,
        high=1,
        meaning="share of unlikely tokens",
        tail=Tail.UPPER,
        compute=_of_logprobs(unlikely_share),
    ),
)
