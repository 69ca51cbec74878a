"""A deployment's page: evidence, indicators, who answers beside it, and what was decided why."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from monitor.ports.listings import AuditFilter
from monitor.reports.names import labels_of, version_label
from monitor.web import fleet, lookup, overview, series
from monitor.web.context import Context
from monitor.web.curve import marks
from monitor.web.pages.frame import Page
from monitor.web.pages.login import PageSession

router = APIRouter(prefix="/deployments")

_ANSWERS = 12
_RUNS = 6
_INCIDENTS = 5
_DECISIONS = 12
_LONGEST_MIN = 60 * 24 * 7


@router.get("/{name}")
def show(name: str, web: Context, frame: Page) -> HTMLResponse:
    """Return the page of one deployment."""
    stores, now = web.stores, web.clock()
    deployment = lookup.deployment(stores, name)
    labels = labels_of(stores.registry.versions())
    incidents = stores.incidents.list(name)
    return frame.page(
        "deployment.html.jinja",
        view=overview.view(stores, deployment, incidents, labels, now),
        now=now,
        per_min=fleet.answers_per_min(stores, name, now),
        answers=stores.exchanges.recent(name, _ANSWERS),
        incidents=incidents[:_INCIDENTS],
        runs=stores.golden.runs(name, _RUNS),
        decisions=stores.listings.audit(AuditFilter(subject=name), None, _DECISIONS),
        label=partial(version_label, labels=labels),
    )


@router.get("/{name}/series")
def indicators(
    name: str,
    web: Context,
    _: PageSession,
    minutes: Annotated[int, Query(ge=5, le=_LONGEST_MIN)] = 60,
) -> dict[str, Any]:
    """Return the indicators as the charts draw them, with what happened to the pointer."""
    stores, now = web.stores, web.clock()
    deployment = lookup.deployment(stores, name)
    since = now - timedelta(minutes=minutes)
    labels = labels_of(stores.registry.versions())
    drawn = series.charts(stores.indicators.indicators(name, since, now), labels, since, now)
    happened = marks(deployment, stores.incidents.list(name), labels, since)
    return asdict(drawn) | {"marks": [{"at": m.at.timestamp(), "label": m.label} for m in happened]}
