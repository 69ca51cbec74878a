"""Thresholds that the operator sets on indicators, and their breaches.

`rollback.breaches` holds them against the indicators.
"""

from __future__ import annotations

from dataclasses import dataclass
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
