"""Thresholds that the operator sets on indicators, and their breaches.

An indicator without data is never a breach, and never 0: a minute nobody asked anything says
nothing about the adapter. A limit relative to the baseline needs the baseline's own value; where
it is not known, the rule says nothing, and that is told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from rollback.durations import spell

MINUTE = timedelta(minutes=1)


class Side(Enum):
    """On which side of the limit harm lies."""

    ABOVE = "above"  # means that larger values than the limit are harm
    BELOW = "below"  # means that smaller values than the limit are harm

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.BELOW if self is Side.ABOVE else Side.ABOVE

    def holds(self, value: float, limit: float) -> bool:
        """Tell whether a value lies on this side of a limit."""
        return value > limit if self is Side.ABOVE else value < limit


class RelativeTo(Enum):
    """What a limit is counted in."""

    NUMBER = "number"  # means that the limit is the value itself
    BASELINE = "baseline"  # means that the limit is a multiple of the baseline's value


class Action(Enum):
    """What a breach does."""

    ROLLBACK = "rollback"  # means that the last good version comes back
    ALERT = "alert"  # means that people are told, and nothing is changed


class Indicator(Protocol):
    """A health number of an adapter over one minute."""

    @property
    def adapter(self) -> str | None:
        """Version that answered, `None` for the base model."""

    @property
    def bucket(self) -> datetime:
        """Start of the minute."""

    @property
    def name(self) -> str:
        """Which number it is, e.g. `latency_p95_s`."""

    @property
    def value(self) -> float:
        """The number itself."""

    @property
    def count(self) -> int:
        """Answers behind the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A version's usual value of an indicator: the median of its minutes, weighted by answers."""

    value: float
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A rule of the operator: this indicator, on this side of this limit, for this long.

    Args:
        indicator: name of the indicator.
        limit: a value, or a multiple of the baseline's.
        lasting: how long the condition must hold; at least a minute.
        at_least: answers within that time, at least 1; fewer are too few to act upon. The baseline's
            value must rest on as many.
        until: a rule that is broken stays so until a minute lies on the other side of this, which
            is in the limit's own measure; `None` is until a minute is not bad.
    """

    indicator: str
    side: Side
    limit: float
    lasting: timedelta
    at_least: int
    action: Action
    relative_to: RelativeTo = RelativeTo.NUMBER
    until: float | None = None

    def __str__(self) -> str:
        return (
            f"{self.indicator} {self.side.value} {self._measured(self.limit)}"
            f" for {spell(self.lasting)}{self._cleared()}"
        )

    def _measured(self, limit: float) -> str:
        unit = " x baseline" if self.relative_to is RelativeTo.BASELINE else ""
        return f"{limit:g}{unit}"

    def _cleared(self) -> str:
        if self.until is None:
            return ""
        return f" until {self.side.opposite.value} {self._measured(self.until)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A threshold that an adapter broke.

    Args:
        since: start of the first minute of the unbroken run of bad minutes.
        value: of the newest minute.
        answers: behind the values, within the threshold's time.
        limit: the value that may not be passed; a multiple of the baseline's is worked out.
        beside: what the baseline's value is at the same time, if it answers now.
        before: what the baseline's value was on its own last days.
        is_held: whether it is not bad now, and only not yet past `until`.
    """

    threshold: Threshold
    adapter: str | None
    since: datetime
    value: float
    answers: int
    limit: float
    beside: Figure | None = None
    before: Figure | None = None
    is_held: bool = False

    @property
    def hits_baseline(self) -> bool | None:
        """Whether the baseline is bad now too by the same value; `None` if it does not answer."""
        if self.beside is None:
            return None
        if self.threshold.relative_to is RelativeTo.NUMBER:
            return self.threshold.side.holds(self.beside.value, self.limit)
        if self.before is None:
            return False  # the rule is about the two at the same time, and the baseline is better
        return self.threshold.side.holds(
            self.beside.value, self.threshold.limit * self.before.value
        )

    def __str__(self) -> str:
        limit = (
            f", limit {self.limit:.4g}" if self.threshold.relative_to is RelativeTo.BASELINE else ""
        )
        held = ", not yet cleared" if self.is_held else ""
        return f"{self.threshold} ({self.value:.4g} at last{limit}, {self.answers} answers{held})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A threshold that cannot be judged now, and why."""

    threshold: Threshold
    reason: str


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
    for threshold in thresholds:
        match _assess(threshold, readings, now):
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


def _assess(threshold: Threshold, readings: Readings, now: datetime) -> Breach | Unjudged | None:
    beside, before = _baseline(threshold, readings, now)
    yardstick = beside or before
    scale = 1.0
    if threshold.relative_to is RelativeTo.BASELINE:
        if yardstick is None or yardstick.answers < threshold.at_least:
            return Unjudged(threshold=threshold, reason=_unknown(threshold, readings, yardstick))
        scale = yardstick.value
    course = _Course(threshold, scale, list(_minutes(threshold, readings, now)), now)
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
    who = readings.baseline or "the base model"
    if found is None:
        return f"no value of {threshold.indicator} is known of the baseline, {who}"
    return (
        f"the baseline's {threshold.indicator} rests on {found.answers} answers of {who}, "
        f"and the rule asks for {threshold.at_least}"
    )


def _baseline(
    threshold: Threshold, readings: Readings, now: datetime
) -> tuple[Figure | None, Figure | None]:
    """Return the baseline's value at the same time, if it rests on enough, and before."""
    before = readings.usual.get(threshold.indicator)
    if readings.baseline == readings.active:
        return None, before
    start = _start(threshold, now)
    of_now = (one for one in readings.indicators if one.bucket >= start)
    beside = usual(of_now, readings.baseline, now).get(threshold.indicator)
    enough = beside is not None and beside.answers >= threshold.at_least
    return (beside if enough else None), before


def _start(threshold: Threshold, now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) - threshold.lasting


def _minutes(threshold: Threshold, readings: Readings, now: datetime) -> Iterator[Indicator]:
    """Yield the active version's minutes with data, oldest first."""
    for one in sorted(readings.indicators, key=lambda indicator: indicator.bucket):
        own = one.name == threshold.indicator and one.adapter == readings.active
        if own and _is_data(one, now):
            yield one


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
