"""The catalogue of all signals, and their values for a batch of exchanges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guards import named
from guards.exchange import Exchange
from guards.signals import (
    agreement,
    citations,
    dress,
    executable,
    groundedness,
    hedging,
    likelihood,
    operations,
    refusal,
    repetition,
    structure,
    text,
)
from guards.signals.batch import Batch
from guards.signals.signal import PairSignal, Signal, Values

CATALOGUE: tuple[Signal, ...] = (
    *text.SIGNALS,
    *dress.SIGNALS,
    *refusal.SIGNALS,
    *hedging.SIGNALS,
    *repetition.SIGNALS,
    *likelihood.SIGNALS,
    *structure.SIGNALS,
    *citations.SIGNALS,
    *executable.SIGNALS,
    *groundedness.SIGNALS,
    *operations.SIGNALS,
)
PAIRS: tuple[PairSignal, ...] = agreement.PAIR_SIGNALS
_own: tuple[Signal, ...] = ()  # the operator's, installed once when a process starts


class DuplicateSignal(ValueError):
    """Two signals have one name, and records are keyed by it."""


def signals() -> tuple[Signal, ...]:
    """Return the catalogue and the operator's own signals behind it."""
    return CATALOGUE + _own


def install(own: Sequence[Signal]) -> None:
    """Let these, and no others, be the operator's own signals in this process.

    It is called once, before any exchange is scored. Raises `DuplicateSignal`.
    """
    global _own
    names = Counter(signal.name for signal in (*CATALOGUE, *own))
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise DuplicateSignal(f"there is a signal {twice[0]!r} already: rename yours")
    _own = tuple(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTable:
    """Signals of a batch: `values` has shape (exchanges, signals), NaN where undefined."""

    signals: tuple[Signal, ...]
    values: Values

    @property
    def names(self) -> tuple[str, ...]:
        """The signals' names, in the order of the columns."""
        return tuple(signal.name for signal in self.signals)

    def column(self, name: str) -> Values:
        """Return the values of one signal, shape (exchanges,). Raises `ValueError`."""
        return self.values[:, self.names.index(name)]

    def mappings(self) -> list[dict[str, float]]:
        """Return the defined signals of each exchange by name; NaN values are left out."""
        return named.to_mappings(self.names, self.values)


def table(exchanges: Sequence[Exchange], chosen: Sequence[Signal] | None = None) -> SignalTable:
    """Compute signals of exchanges: the chosen ones, else all that there are."""
    wanted = signals() if chosen is None else tuple(chosen)
    batch = Batch.of(exchanges)
    values = np.empty((len(batch), len(wanted)), dtype=np.float64)
    for index, signal in enumerate(wanted):
        values[:, index] = signal.compute(batch)
    return SignalTable(signals=wanted, values=values)
