"""Thresholds that the operator sets on indicators, and their breaches.

An indicator without data is never a breach, and never 0: a minute nobody asked anything says
nothing about the adapter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import takewhile
from typing import Protocol

from rollback.durations import spell

MINUTE = timedelta(minutes=1)


class Side(Enum):
    """On which side of the limit harm lies."""

    ABOVE = "above"  # means that larger values than the limit are harm
    BELOW = "below"  # means that smaller values than the limit are harm


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
class Threshold:
    """A rule of the operator: this indicator, on this side of this limit, for this long.

    Args:
        indicator: name of the indicator.
        lasting: how long the condition must hold; at least a minute.
        at_least: answers within that time, at least 1; fewer are too few to act upon.
    """

    indicator: str
    side: Side
    limit: float
    lasting: timedelta
    at_least: int
    action: Action

    def is_broken_by(self, value: float) -> bool:
        """Tell whether a value lies on the wrong side of the limit."""
        return value > self.limit if self.side is Side.ABOVE else value < self.limit

    def __str__(self) -> str:
        return f"{self.indicator} {self.side.value} {self.limit:g} for {spell(self.lasting)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A threshold that an adapter broke.

    Args:
        since: start of the first minute of the unbroken run of bad minutes.
        value: of the newest minute.
        answers: behind the values, within the threshold's time.
    """

    threshold: Threshold
    adapter: str | None
    since: datetime
    value: float
    answers: int

    def __str__(self) -> str:
        return f"{self.threshold} ({self.value:.4g} at last, {self.answers} answers)"


def breaches(
    thresholds: Iterable[Threshold],
    indicators: Iterable[Indicator],
    active: str | None,
    now: datetime,
) -> tuple[Breach, ...]:
    """Return the thresholds that the active adapter breaks now.

    A threshold is broken when every minute with data, from now back to the start of its time, is
    on the wrong side, and the answers within that time are at least `at_least`. The minute that
    is still running is left out, and so are values that are no number.

    Args:
        indicators: of one deployment, any order. They must reach back to the start of the longest
            threshold's time; where traffic is thin, further (twice as long is plenty), since some
            minute at or before that start must be seen bad.
    """
    whole = [one for one in indicators if one.adapter == active and _is_data(one, now)]
    whole.sort(key=lambda indicator: indicator.bucket, reverse=True)
    found = (_breach(threshold, whole, active, now) for threshold in thresholds)
    return tuple(breach for breach in found if breach is not None)


def _is_data(indicator: Indicator, now: datetime) -> bool:
    over = indicator.bucket + MINUTE <= now
    return over and indicator.count > 0 and math.isfinite(indicator.value)


def _breach(
    threshold: Threshold, newest_first: list[Indicator], active: str | None, now: datetime
) -> Breach | None:
    minutes = (one for one in newest_first if one.name == threshold.indicator)
    run = list(takewhile(lambda minute: threshold.is_broken_by(minute.value), minutes))
    start = now.replace(second=0, microsecond=0) - threshold.lasting
    if not run or run[-1].bucket > start:
        return None
    answers = sum(minute.count for minute in run if minute.bucket >= start)
    if answers < threshold.at_least:
        return None
    return Breach(
        threshold=threshold,
        adapter=active,
        since=run[-1].bucket,
        value=run[0].value,
        answers=answers,
    )
