"""Signals of structure: whether the answer is whole and in the form that was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from guards import conformance
from guards.conformance import Conformance
from guards.exchange import Exchange, FinishReason
from guards.signals.signal import Signal, Tail, Values, column

_JSON_VALID = {Conformance.BROKEN: 0.0, Conformance.VIOLATED: 1.0, Conformance.VALID: 1.0}
_SCHEMA_VALID = {Conformance.BROKEN: 0.0, Conformance.VIOLATED: 0.0, Conformance.VALID: 1.0}


def cut(exchange: Exchange) -> float:
    """Return 1 if the token limit cut the answer, 0 if not, NaN where that is unknown."""
    if exchange.finish_reason is None:
        return math.nan
    return float(exchange.finish_reason is FinishReason.LENGTH)


def _json_valid(exchanges: Sequence[Exchange]) -> Values:
    return column(_JSON_VALID.get(conformance.of(each), math.nan) for each in exchanges)


def _schema_valid(exchanges: Sequence[Exchange]) -> Values:
    return column(_SCHEMA_VALID.get(conformance.of(each), math.nan) for each in exchanges)


SIGNALS = (
    Signal(
        name="cut",
        unit="",
        low=0,
        high=1,
        meaning="cut by the token limit",
        tail=Tail.UPPER,
        compute=lambda exchanges: column(map(cut, exchanges)),
    ),
    Signal(
        name="json_valid",
        unit="",
        low=0,
        high=1,
        meaning="valid JSON",
        tail=Tail.LOWER,
        compute=_json_valid,
    ),
    Signal(
        name="schema_valid",
        unit="",
        low=0,
        high=1,
        meaning="valid by its JSON Schema",
        tail=Tail.LOWER,
        compute=_schema_valid,
    ),
)
