"""What the dashboard shows: the overview, and one deployment more closely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.ports.golden import GoldenRun
from monitor.ports.record import RecordedExchange
from monitor.ports.stores import Stores
from monitor.reports.names import version_label
from monitor.web import lookup, overview
from monitor.web.overview import DeploymentView, Overview

_ANSWERS = 15
_RUNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The dashboard at one moment. Without a deployment `selected` is `None`."""

    overview: Overview
    selected: DeploymentView | None
    answers: Sequence[RecordedExchange]
    golden_runs: Sequence[GoldenRun]

    def label(self, name: str | None) -> str:
        """Return what people call a version."""
        return version_label(name, self.overview.labels)


def read(stores: Stores, name: str | None, now: datetime) -> Board:
    """Read the board with a deployment selected by name, or the gravest one. Blocks.

    Raises:
        NotFound: if there is no deployment of that name.
    """
    seen = overview.read(stores, now)
    selected = _named(stores, seen, name) if name else _gravest(seen)
    return Board(
        overview=seen,
        selected=selected,
        answers=stores.exchanges.recent(selected.deployment.name, _ANSWERS) if selected else (),
        golden_runs=stores.golden.runs(selected.deployment.name, _RUNS) if selected else (),
    )


def _named(stores: Stores, seen: Overview, name: str) -> DeploymentView:
    by_name = {view.deployment.name: view for view in seen.deployments}
    if name not in by_name:
        lookup.deployment(stores, name)
    return by_name[name]


def _gravest(seen: Overview) -> DeploymentView | None:
    return next((view for view in seen.deployments if view.standing == seen.standing), None)
