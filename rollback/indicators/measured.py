"""An indicator's value, with what is known of its precision."""

from __future__ import annotations

from dataclasses import dataclass

from guards.confidence import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One indicator over some time.

    Args:
        value: what the catalogue says of it; rates and means are over all answers of the time,
            quantiles within half a per cent of their value, levels the latest.
        count: answers behind the value; of a level, how often it was read.
        interval: confidence sequence of a rate, or of a mean of numbers in [0, 1], at 95 % whenever
            somebody looks; the least and the most of a level; `None` for anything else, and where
            nobody asked for it.
    """

    value: float
    count: int
    interval: Interval | None = None
