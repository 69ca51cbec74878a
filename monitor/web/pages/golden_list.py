"""Golden runs of every deployment, newest first."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.ports.listings import Place
from monitor.reports.names import labels_of, version_label
from monitor.web.context import Context
from monitor.web.pages import paging
from monitor.web.pages.frame import Page

router = APIRouter()


@router.get("/golden")
def listed(web: Context, frame: Page, deployment: str = "", after: str = "") -> HTMLResponse:
    """Return a page of golden runs."""
    rows, last = paging.cut(
        web.stores.listings.golden_runs(deployment or None, paging.parsed(after), paging.ROWS + 1)
    )
    place = None if last is None else Place(at=last.started_at, id=last.id)
    return frame.page(
        "golden_list.html.jinja",
        runs=rows,
        chosen=deployment,
        deployments=[each.name for each in web.stores.deployments.all()],
        following=paging.following(place, deployment=deployment),
        label=partial(version_label, labels=labels_of(web.stores.registry.versions())),
    )
