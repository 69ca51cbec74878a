"""`/api/reports`: the health report of a deployment, as a page, as text or as values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.reports.data import assemble
from monitor.reports.render import MEDIA_TYPES, Format, render
from monitor.web import lookup
from monitor.web.context import Context
from monitor.web.security_headers import REPORT_SECURITY_POLICY

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/{deployment}", response_class=Response, summary="The health report")
def show(
    deployment: str,
    web: Context,
    form: Annotated[Format, Query(alias="format")] = Format.HTML,
    hours: Annotated[float, Query(ge=1 / 60, le=24 * 366, allow_inf_nan=False)] = 24.0,
) -> Response:
    """Return what happened to a deployment in the last hours, against the hours before."""
    report = assemble(
        web.stores,
        lookup.deployment(web.stores, deployment),
        until=web.clock(),
        period=timedelta(hours=hours),
    )
    return Response(
        render(report, form),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Security-Policy": REPORT_SECURITY_POLICY},
    )
