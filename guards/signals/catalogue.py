"""The catalogue of all signals, and their values for a batch of exchanges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from guards.exchange import Exchange
from guards.signals import likelihood, operations, repetition, structure, text
from guards.signals.signal import Signal, Values

CATALOGUE: tuple[Signal, ...] = (
    *text.SIGNALS,
    *repetition.SIGNALS,
    *likelihood.SIGNALS,
    *structure.SIGNALS,
    *operations.SIGNALS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTable:
    """Signals of a batch: `values` has shape (exchanges, signals), NaN where undefined."""

    names: tuple[str, ...]
    values: Values

    def column(self, name: str) -> Values:
        """Return the values of one signal, shape (exchanges,). Raises `ValueError`."""
        return self.values[:, self.names.index(name)]

    def mapping(self, row: int) -> dict[str, float]:
        """Return the defined signals of one exchange by name; NaN values are left out."""
        return as_mapping(self.names, self.values[row])


def table(exchanges: Sequence[Exchange], signals: Sequence[Signal] = CATALOGUE) -> SignalTable:
    """Compute signals of exchanges."""
    names = tuple(signal.name for signal in signals)
    values = np.empty((len(exchanges), len(signals)), dtype=np.float64)
    for index, signal in enumerate(signals):
        values[:, index] = signal.compute(exchanges)
    return SignalTable(names=names, values=values)


def as_mapping(names: Sequence[str], row: Values) -> dict[str, float]:
    """Return defined values by name: NaN is left out, it says nothing."""
    pairs: Mapping[str, float] = dict(zip(names, row.tolist(), strict=True))
    return {name: value for name, value in pairs.items() if not math.isnan(value)}
