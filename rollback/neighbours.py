"""The other deployments on an engine: whether they are hit by what hits one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollback import breaches
from rollback.indicators.catalogue import OF_ANSWERS
from rollback.situation import Neighbours
from rollback.thresholds import Figure, Indicator, Side

_MUCH = 1.5  # an amount is hit at so many times its usual value; chosen, not measured
_SHARE = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another deployment.

    Args:
        active: the version whose values count.
        indicators: of the last hour or more, any order.
    """

    active: str | None
    indicators: Sequence[Indicator]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is looked for: this indicator, bad on this side of this limit, for this long."""

    indicator: str
    side: Side
    limit: float
    lasting: timedelta


def look(trouble: Trouble, others: Iterable[Neighbour], now: datetime) -> Neighbours:
    """Count the deployments with values now, and those that are hit.

    A deployment is hit if its value is beyond the limit now and was not before, or, for an amount
    (no share), if it is half as bad again as it was before.
    """
    count = hit = 0
    for other in others:
        present, before = _figures(trouble, other, now)
        if present is not None:
            count += 1
            hit += _is_hit(trouble, present, before)
    return Neighbours(count=count, hit=hit)


def _figures(
    trouble: Trouble, other: Neighbour, now: datetime
) -> tuple[Figure | None, Figure | None]:
    start = now.replace(second=0, microsecond=0) - trouble.lasting
    own = [one for one in other.indicators if one.name == trouble.indicator]
    present = [one for one in own if one.bucket >= start]
    before = [one for one in own if one.bucket < start]
    return (
        breaches.usual(present, other.active, now).get(trouble.indicator),
        breaches.usual(before, other.active, now).get(trouble.indicator),
    )


def _is_hit(trouble: Trouble, present: Figure, before: Figure | None) -> bool:
    beyond = trouble.side.holds(present.value, trouble.limit)
    if before is None:
        return beyond
    if beyond and not trouble.side.holds(before.value, trouble.limit):
        return True
    return OF_ANSWERS[trouble.indicator].unit != _SHARE and _is_much_worse(trouble, present, before)


def _is_much_worse(trouble: Trouble, present: Figure, before: Figure) -> bool:
    if before.value <= 0.0:
        return False
    if trouble.side is Side.ABOVE:
        return present.value >= _MUCH * before.value
    return present.value * _MUCH <= before.value
