"""The overview: is everything well?"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from monitor.web import fleet
from monitor.web.context import Context
from monitor.web.pages.frame import Page

router = APIRouter()

_INCIDENTS = 5


@router.get("/")
def show(web: Context, frame: Page, deployment: str | None = None) -> Response:
    """Return the overview; a link to a deployment, as alerts hold it, leads to its page."""
    if deployment is not None:
        path = quote(deployment, safe="", errors="replace")
        return RedirectResponse(f"/deployments/{path}", 303)
    seen = fleet.read(web.stores, web.clock())
    return frame.page(
        "dashboard.html.jinja", fleet=seen, incidents=seen.seen.incidents[:_INCIDENTS]
    )
