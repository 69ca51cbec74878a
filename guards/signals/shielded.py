"""A shield around a signal that somebody else wrote: whatever it does, it never costs an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from guards.signals.batch import Batch
from guards.signals.signal import Signal, Values

Report = Callable[[str, str, int], None]


def shielded(signal: Signal, report: Report) -> Signal:
    """Return the signal with NaN in the place of everything that it gets wrong.

    If it raises, or gives values of a wrong shape or type, for a batch, it is asked for one exchange
    after the other, so that one bad answer costs one value. Values beyond its range are NaN.

    Args:
        report: takes the signal's name, what was wrong, and of how many values.
    """
    return replace(signal, compute=_Shield(signal, report))


class _Shield:
    def __init__(self, signal: Signal, report: Report) -> None:
        self._signal = signal
        self._report = report

    def __call__(self, batch: Batch) -> Values:
        try:
            values = self._values(batch)
        except Exception as error:
            if len(batch) > 1:
                parts = [self(Batch([exchange])) for exchange in batch]
                return np.concatenate(parts)
            self._report(self._signal.name, f"{type(error).__name__}: {error}", len(batch))
            return np.full(len(batch), np.nan)
        return self._in_range(values)

    def _values(self, batch: Batch) -> Values:
        values = np.asarray(self._signal.compute(batch), dtype=np.float64)
        if values.shape != (len(batch),):
            raise ValueError(f"it gave values of shape {values.shape}, not {(len(batch),)}")
        return values

    def _in_range(self, values: Values) -> Values:
        beyond = (values < self._signal.low) | (values > self._signal.high)
        if not beyond.any():
            return values
        known = f"[{self._signal.low:g}, {self._signal.high:g}]"
        worst = values[beyond][0]
        self._report(self._signal.name, f"{worst:g} is outside {known}", int(beyond.sum()))
        return np.where(beyond, np.nan, values)
