"""Signals of operation: how fast the answer came, and what it cost.

They tell of the machine, not of the model.
"""

from __future__ import annotations

import math

from guards.exchange import Exchange
from guards.signals.signal import Family, Signal, Tail, of_exchange


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def latency(exchange: Exchange) -> float:
    """Return the seconds from the request to the end of the answer."""
    return _number(exchange.latency_s)


def first_token(exchange: Exchange) -> float:
    """Return the seconds from the request to the first token."""
    return _number(exchange.first_token_s)


def tokens_per_second(exchange: Exchange) -> float:
    """Return output tokens over the whole latency; NaN where either is unknown or nothing."""
    if not exchange.latency_s or not exchange.output_tokens:
        return math.nan
    return exchange.output_tokens / exchange.latency_s


def cost(exchange: Exchange) -> float:
    """Return what the tokens cost, in the operator's currency; NaN without prices or counts."""
    prices = exchange.declared.prices if exchange.declared else None
    if prices is None or exchange.prompt_tokens is None or exchange.output_tokens is None:
        return math.nan
    return (prices.prompt * exchange.prompt_tokens + prices.output * exchange.output_tokens) / 1000


SIGNALS = (
    Signal(
        name="latency",
        unit="s",
        low=0,
        high=math.inf,
        meaning="latency",
        tail=Tail.UPPER,
        compute=of_exchange(latency),
        behavioural=False,
        family=Family.OPERATIONS,
    ),
    Signal(
        name="first_token",
        unit="s",
        low=0,
        high=math.inf,
        meaning="time to first token",
        tail=Tail.UPPER,
        compute=of_exchange(first_token),
        behavioural=False,
        family=Family.OPERATIONS,
    ),
    Signal(
        name="tokens_per_second",
        unit="tokens/s",
        low=0,
        high=math.inf,
        meaning="output rate",
        tail=Tail.LOWER,
        compute=of_exchange(tokens_per_second),
        behavioural=False,
        family=Family.OPERATIONS,
    ),
    Signal(
        name="cost",
        unit="",
        low=0,
        high=math.inf,
        meaning="cost in the operator's currency",
        tail=Tail.UPPER,
        compute=of_exchange(cost),
        behavioural=False,
        family=Family.OPERATIONS,
    ),
)
