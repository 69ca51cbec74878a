"""Signals of structure: whether the answer is whole and in the form that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from guards import conformance
from guards.conformance import Conformance
from guards.exchange import Exchange, FinishReason
from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, of_exchange

_JSON_VALID = {Conformance.BROKEN: 0.0, Conformance.VIOLATED: 1.0, Conformance.VALID: 1.0}
_SCHEMA_VALID = {Conformance.BROKEN: 0.0, Conformance.VIOLATED: 0.0, Conformance.VALID: 1.0}


def cut(exchange: Exchange) -> float:
    """Return 1 if the token limit cut the answer, 0 if not, NaN where that is unknown."""
    if exchange.finish_reason is None:
        return math.nan
    return float(exchange.finish_reason is FinishReason.LENGTH)


def _conforming(values: Mapping[Conformance, float]) -> Callable[[Batch], Values]:
    return of_exchange(lambda exchange: values.get(conformance.of(exchange), math.nan))


SIGNALS = (
    Signal(
        name="cut",
        unit="",
        low=0,
        high=1,
        meaning="cut by the token limit",
        tail=Tail.UPPER,
        compute=of_exchange(cut),
        family=Family.STRUCTURE,
    ),
    Signal(
        name="json_valid",
        unit="",
        low=0,
        high=1,
        meaning="valid JSON",
        tail=Tail.LOWER,
        compute=_conforming(_JSON_VALID),
        family=Family.STRUCTURE,
    ),
    Signal(
        name="schema_valid",
        unit="",
        low=0,
        high=1,
        meaning="valid by its JSON Schema",
        tail=Tail.LOWER,
        compute=_conforming(_SCHEMA_VALID),
        family=Family.STRUCTURE,
    ),
)
