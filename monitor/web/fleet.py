"""The whole fleet in one glance: a sentence, and a card for each deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.reports.condition import Condition, Standing, gravest
from monitor.web import overview
from monitor.web.overview import DeploymentView, Overview
from rollback.incident import Incident, Phase

_MEASURED = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)
_CALM = frozenset({Condition.WELL, Condition.UNWATCHED, Condition.ROLLED_BACK})
_OPEN = frozenset({Phase.FLIPPED, Phase.CONVERGED, Phase.UNPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A deployment in a few figures.

    Args:
        answers_per_min: over the last five whole minutes; `None` if there was no answer.
        open_incidents: those whose rollback is not proved yet.
    """

    view: DeploymentView
    answers_per_min: float | None
    golden: GoldenRun | None
    open_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that the overview shows."""

    seen: Overview
    verdict: Standing
    cards: Sequence[Card]


def read(stores: Stores, now: datetime) -> Fleet:
    """Read the fleet. Blocks."""
    seen = overview.read(stores, now)
    cards = [_card(stores, view, seen.incidents, now) for view in seen.deployments]
    return Fleet(seen=seen, verdict=verdict(seen.deployments), cards=cards)


def verdict(views: Sequence[DeploymentView]) -> Standing:
    """Return how the fleet stands, in a headline and a sentence.

    One deployment speaks for itself; of several the gravest is named, and the others are counted.
    """
    worst = gravest([view.standing for view in views])
    if len(views) < 2:
        return worst
    calm = [view for view in views if view.standing.condition in _CALM]
    if len(calm) == len(views):
        return Standing(
            condition=worst.condition,
            headline="All is well",
            detail=f"{len(views)} deployments serve, and nothing speaks against any of them.",
        )
    troubled = [view.deployment.name for view in views if view not in calm]
    return Standing(
        condition=worst.condition,
        headline=f"{', '.join(troubled[:3])}: {worst.headline}"
        if len(troubled) == 1
        else f"{len(troubled)} of {len(views)} deployments need a look",
        detail=f"{worst.detail} {len(calm)} of {len(views)} deployments are calm.",
    )


def _card(
    stores: Stores, view: DeploymentView, incidents: Sequence[Incident], now: datetime
) -> Card:
    name = view.deployment.name
    return Card(
        view=view,
        answers_per_min=answers_per_min(stores, name, now),
        golden=next(iter(stores.golden.runs(name, 1)), None),
        open_incidents=sum(each.deployment == name and each.phase in _OPEN for each in incidents),
    )


def answers_per_min(stores: Stores, name: str, now: datetime) -> float | None:
    """Return how many answers a minute a deployment gave over the last five whole minutes."""
    until = now.replace(second=0, microsecond=0)
    rows = stores.indicators.indicators(name, until - _MEASURED, until)
    counts = [row.value for row in rows if row.name == "exchanges"]
    return sum(counts) / (_MEASURED / _MINUTE) if counts else None
