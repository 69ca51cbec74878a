"""`/api/overview`: everything in one glance."""

from __future__ import annotations

from fastapi import APIRouter

from monitor.web import overview
from monitor.web.api.answers import OverviewAnswer
from monitor.web.context import Context

router = APIRouter(tags=["overview"])


@router.get("/overview", response_model=OverviewAnswer, summary="Everything in one glance")
def show(web: Context) -> overview.Overview:
    """Return every deployment with how it stands, the last incidents and the adapters."""
    return overview.read(web.stores, web.clock())
