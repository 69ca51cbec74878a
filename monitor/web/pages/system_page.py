"""The service itself: its parts, replicas, queues, scheduled runs, and alerts on their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from prometheus_client import CollectorRegistry

from monitor.web.context import Context
from monitor.web.pages.frame import Page

router = APIRouter()

_RUNS = 20
_DELIVERIES = 30
_ALIVE = timedelta(seconds=30)
_QUEUES = ("queue", "waiting", "spool", "backlog", "dropped", "in_flight", "unread", "lag")
_MOST_QUEUES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A measure of what waits or was dropped, as `/metrics` exports it."""

    name: str
    meaning: str
    labels: str
    value: float


@router.get("/system")
def show(web: Context, frame: Page) -> HTMLResponse:
    """Return the page."""
    inventory, now = web.stores.inventory, web.clock()
    return frame.page(
        "system.html.jinja",
        health=dict(web.operations.health()),
        replicas=inventory.replicas(),
        epochs={each.name: each.epoch for each in web.stores.deployments.all()},
        alive_since=now - _ALIVE,
        now=now,
        queues=list(queues(web.registry))[:_MOST_QUEUES],
        runs=inventory.runs(_RUNS),
        deliveries=inventory.deliveries(_DELIVERIES),
    )


def queues(registry: CollectorRegistry) -> Iterator[Queue]:
    """Yield the metrics that say what waits and what was dropped."""
    for metric in registry.collect():
        if not any(word in metric.name for word in _QUEUES):
            continue
        for sample in metric.samples:
            if sample.name.endswith(("_created", "_bucket")):
                continue
            labels = ", ".join(f"{name}={value}" for name, value in sample.labels.items())
            yield Queue(
                name=sample.name, meaning=metric.documentation, labels=labels, value=sample.value
            )
