"""The dashboard: one page, and the fragment by which it keeps itself up to date."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.web.context import Context
from monitor.web.pages import board
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import page

router = APIRouter()


@router.get("/")
def show(web: Context, session: PageSession, deployment: str | None = None) -> HTMLResponse:
    """Return the whole page."""
    seen = board.read(web.stores, deployment, web.clock())
    return page("dashboard.html.jinja", board=seen, session=session)


@router.get("/board")
def refresh(web: Context, _: PageSession, deployment: str | None = None) -> HTMLResponse:
    """Return what has to be shown now, to be merged into the page."""
    return page("board.html.jinja", board=board.read(web.stores, deployment, web.clock()))
