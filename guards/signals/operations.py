"""Signals of operation: how fast the answer came. They tell of the machine, not of the model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from guards.exchange import Exchange
from guards.signals.signal import Signal, Tail, Values, column


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _latency(exchanges: Sequence[Exchange]) -> Values:
    return column(_number(exchange.latency_s) for exchange in exchanges)


def _first_token(exchanges: Sequence[Exchange]) -> Values:
    return column(_number(exchange.first_token_s) for exchange in exchanges)


def tokens_per_second(exchange: Exchange) -> float:
    """Return output tokens over the whole latency; NaN where either is unknown or nothing."""
    if not exchange.latency_s or not exchange.output_tokens:
        return math.nan
    return exchange.output_tokens / exchange.latency_s


SIGNALS = (
    Signal(
        name="latency",
        unit="s",
        low=0,
        high=math.inf,
        meaning="latency",
        tail=Tail.UPPER,
        compute=_latency,
        behavioural=False,
    ),
    Signal(
        name="first_token",
        unit="s",
        low=0,
        high=math.inf,
        meaning="time to first token",
        tail=Tail.UPPER,
        compute=_first_token,
        behavioural=False,
    ),
    Signal(
        name="tokens_per_second",
        unit="tokens/s",
        low=0,
        high=math.inf,
        meaning="output rate",
        tail=Tail.LOWER,
        compute=lambda exchanges: column(map(tokens_per_second, exchanges)),
        behavioural=False,
    ),
)
