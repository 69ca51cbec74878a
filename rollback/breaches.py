"""Which thresholds a version breaks now.

An indicator without data is never a breach, and never 0: a minute nobody asked anything says
nothing about the adapter. A limit relative to the baseline needs the baseline's own value; where
it is not known, the rule says nothing, and that is told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollback.thresholds import (
    MINUTE,
    Breach,
    Figure,
    Indicator,
    RelativeTo,
    Threshold,
    Unjudged,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the thresholds say now."""

    breaches: tuple[Breach, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The indicators of a deployment, and whom they are about.

    Args:
        indicators: any order. They must reach back to the start of the longest threshold's time;
            where traffic is thin, further (twice as long is plenty), since some minute at or before
            that start must be seen bad.
        baseline: another version than `active`; `None` if there is none yet.
        usual: the baseline's values on its own last days, by indicator.
        standing: rules, as `str` gives them, that were broken at the last look.
    """

    indicators: Sequence[Indicator]
    active: str | None
    baseline: str | None = None
    usual: Mapping[str, Figure] = field(default_factory=dict)
    standing: Collection[str] = ()


def assess(thresholds: Iterable[Threshold], readings: Readings, now: datetime) -> Assessment:
    """Return the thresholds that the active adapter breaks now, and those that cannot be judged.

    A threshold is broken when every minute with data, from now back to the start of its time, is
    on the wrong side, and the answers within that time are at least `at_least`. The minute that
    is still running is left out, and so are values that are no number.
    """
    breaches: list[Breach] = []
    unjudged: list[Unjudged] = []
    minutes = _sorted(readings.indicators, now)
    for threshold in thresholds:
        match _assess(threshold, readings, minutes, now):
            case Breach() as breach:
                breaches.append(breach)
            case Unjudged() as silent:
                unjudged.append(silent)
    return Assessment(breaches=tuple(breaches), unjudged=tuple(unjudged))


def usual(indicators: Iterable[Indicator], version: str | None, now: datetime) -> dict[str, Figure]:
    """Return a version's usual values, by indicator."""
    by_name: dict[str, list[Indicator]] = {}
    for each in indicators:
        if each.adapter == version and _is_data(each, now):
            by_name.setdefault(each.name, []).append(each)
    return {name: _figure(minutes) for name, minutes in by_name.items()}


def _figure(minutes: Sequence[Indicator]) -> Figure:
    """Return the weighted median: a single bad night moves it little."""
    ordered = sorted(minutes, key=lambda minute: minute.value)
    answers = sum(minute.count for minute in ordered)
    seen = 0
    for minute in ordered:
        seen += minute.count
        if 2 * seen >= answers:
            return Figure(value=minute.value, answers=answers)
    raise ValueError("a figure needs a minute")


def _is_data(indicator: Indicator, now: datetime) -> bool:
    over = indicator.bucket + MINUTE <= now
    return over and indicator.count > 0 and math.isfinite(indicator.value)


_Minutes = Mapping[tuple[str, str | None], Sequence[Indicator]]


def _sorted(indicators: Iterable[Indicator], now: datetime) -> _Minutes:
    """Return the minutes with data by indicator and version, oldest first."""
    found: dict[tuple[str, str | None], list[Indicator]] = {}
    for one in indicators:
        if _is_data(one, now):
            found.setdefault((one.name, one.adapter), []).append(one)
    for minutes in found.values():
        minutes.sort(key=lambda minute: minute.bucket)
    return found


def _assess(
    threshold: Threshold, readings: Readings, minutes: _Minutes, now: datetime
) -> Breach | Unjudged | None:
    beside, before = _baseline(threshold, readings, minutes, now)
    yardstick = beside or before
    scale = 1.0
    if threshold.relative_to is RelativeTo.BASELINE:
        if yardstick is None or yardstick.answers < threshold.at_least:
            return Unjudged(threshold=threshold, reason=_unknown(threshold, readings, yardstick))
        scale = yardstick.value
    own = minutes.get((threshold.indicator, readings.active), ())
    course = _Course(threshold, scale, own, now)
    breach = course.breach(was_broken=str(threshold) in readings.standing)
    if breach is None:
        return None
    first, last, held = breach
    return Breach(
        threshold=threshold,
        adapter=readings.active,
        since=first.bucket,
        value=last.value,
        answers=course.answers(course.minutes, now),
        limit=threshold.limit * scale,
        beside=beside,
        before=before,
        is_held=held,
    )


def _unknown(threshold: Threshold, readings: Readings, found: Figure | None) -> str:
    who = readings.baseline
    if who is None:
        return "there is no baseline yet"
    if found is None:
        return f"no value of {threshold.indicator} is known of the baseline, {who}"
    return (
        f"the baseline's {threshold.indicator} rests on {found.answers} answers of {who}, "
        f"and the rule asks for {threshold.at_least}"
    )


def _baseline(
    threshold: Threshold, readings: Readings, minutes: _Minutes, now: datetime
) -> tuple[Figure | None, Figure | None]:
    """Return the baseline's value at the same time, if it rests on enough, and before."""
    if readings.baseline is None:
        return None, None
    before = readings.usual.get(threshold.indicator)
    start = _start(threshold, now)
    own = minutes.get((threshold.indicator, readings.baseline), ())
    of_now = [one for one in own if one.bucket >= start]
    beside = _figure(of_now) if of_now else None
    enough = beside is not None and beside.answers >= threshold.at_least
    return (beside if enough else None), before


def _start(threshold: Threshold, now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) - threshold.lasting


@dataclass(frozen=True, slots=True)
class _Course:
    """One threshold over its minutes, oldest first."""

    threshold: Threshold
    scale: float
    minutes: Sequence[Indicator]
    now: datetime

    def breach(self, *, was_broken: bool) -> tuple[Indicator, Indicator, bool] | None:
        """Return the first and last minute of what is broken, and whether it is only held so."""
        if not self.minutes:
            return None
        run: list[Indicator] = []
        held = self.minutes[0] if was_broken else None
        for minute in self.minutes:
            run = [*run, minute] if self._is_bad(minute) else []
            if self._lasts(run, minute.bucket + MINUTE):
                held = run[0]
            elif self._is_clear(minute):
                held = None
        if self._lasts(run, self.now):
            return run[0], run[-1], False
        return None if held is None else (held, self.minutes[-1], True)

    def answers(self, minutes: Sequence[Indicator], now: datetime) -> int:
        """Count the answers of minutes within the rule's time."""
        start = _start(self.threshold, now)
        return sum(minute.count for minute in minutes if minute.bucket >= start)

    def _lasts(self, run: Sequence[Indicator], now: datetime) -> bool:
        if not run or run[0].bucket > _start(self.threshold, now):
            return False
        return self.answers(run, now) >= self.threshold.at_least

    def _is_bad(self, minute: Indicator) -> bool:
        return self.threshold.side.holds(minute.value, self.threshold.limit * self.scale)

    def _is_clear(self, minute: Indicator) -> bool:
        until = self.threshold.until
        if until is None:
            return True
        return self.threshold.side.opposite.holds(minute.value, until * self.scale)
