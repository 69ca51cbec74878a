"""Indicators of the active version against the period before and against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from guards.confidence import Interval
from monitor.ports.indicators import Summary
from rollback.indicators.catalogue import OF_ANSWERS, Better, Kind
from rollback.indicators.measured import Measured

_NONE: Mapping[str, Measured] = {}


class Movement(Enum):
    """What may be said of an indicator beside another of its kind."""

    BETTER = "better"  # means that the intervals are apart, in the good direction
    WORSE = "worse"  # means that the intervals are apart, in the bad direction
    SAME = "same"  # means that the intervals overlap: no difference is shown
    UNKNOWN = "unknown"  # means that one has no interval, or no answer behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorChange:
    """An indicator of the active version, of the period before, and of the baseline.

    Values are what the catalogue says, merged over the period; `None` without an answer behind them.

    Args:
        unit: of the catalogue; `1` for a bare number.
        interval: of the value, where it is a rate or a mean of numbers in [0, 1]: with 95 %
            confidence, whenever somebody looks.
        count: answers behind the value.
        before: of the same version, in the period before.
        baseline: of the baseline, in the period, or else in the last 30 days.
    """

    name: str
    unit: str
    value: float | None
    interval: Interval | None
    count: int
    before: float | None
    since_before: Movement
    baseline: float | None
    baseline_interval: Interval | None
    against_baseline: Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Indicators by name, of the active version, of the same before, and of the baseline."""

    active: Mapping[str, Measured]
    before: Mapping[str, Measured]
    baseline: Mapping[str, Measured]


def of_version(summaries: tuple[Summary, ...], adapter: str | None) -> Mapping[str, Measured]:
    """Return the indicators of all answers of a version; empty if it gave none."""
    return next(
        (each.measured for each in summaries if each.slice is None and each.adapter == adapter),
        _NONE,
    )


def compare(sides: Sides) -> tuple[IndicatorChange, ...]:
    """Return every indicator that the active version has, or had, in the catalogue's order."""
    return tuple(
        _change(name, sides)
        for name, each in OF_ANSWERS.items()
        if each.kind is not Kind.SUM and (name in sides.active or name in sides.before)
    )


def _change(name: str, sides: Sides) -> IndicatorChange:
    value, before, baseline = (
        side.get(name) for side in (sides.active, sides.before, sides.baseline)
    )
    return IndicatorChange(
        name=name,
        unit=OF_ANSWERS[name].unit,
        value=_value(value),
        interval=value.interval if value else None,
        count=value.count if value else 0,
        before=_value(before),
        since_before=movement(name, value, before),
        baseline=_value(baseline),
        baseline_interval=baseline.interval if baseline else None,
        against_baseline=movement(name, value, baseline),
    )


def movement(name: str, value: Measured | None, other: Measured | None) -> Movement:
    """Return what two values of an indicator show: intervals that overlap show nothing.

    Each interval holds at 95 %, so that both hold at 90 % at least.
    """
    if value is None or other is None or value.interval is None or other.interval is None:
        return Movement.UNKNOWN
    if value.interval.low <= other.interval.high and other.interval.low <= value.interval.high:
        return Movement.SAME
    rose = value.interval.low > other.interval.high
    return Movement.BETTER if rose is (OF_ANSWERS[name].better is Better.HIGHER) else Movement.WORSE


def _value(measured: Measured | None) -> float | None:
    return None if measured is None else measured.value
