"""`/api/reports`: the health report of a deployment or of all, as a page, as text or as values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.reports.data import FleetReport, HealthReport, assemble, fleet
from monitor.reports.period import Period
from monitor.reports.render import MEDIA_TYPES, Format, render
from monitor.reports.words import Language
from monitor.web import lookup
from monitor.web.context import Context, Web
from monitor.web.security_headers import REPORT_SECURITY_POLICY

router = APIRouter(prefix="/reports", tags=["reports"])

_Form = Annotated[Format, Query(alias="format")]
_Hours = Annotated[float, Query(ge=1 / 60, le=24 * 366, allow_inf_nan=False)]
_Named = Annotated[str | None, Query(alias="period", max_length=100)]


@router.get("", response_class=Response, summary="The health report of every deployment")
def show_fleet(
    web: Context,
    form: _Form = Format.HTML,
    hours: _Hours = 24.0,
    named: _Named = None,
    language: Language = Language.EN,
) -> Response:
    """Return what happened to every deployment, against the period before."""
    report = fleet(web.stores, web.stores.deployments.all(), _period(web, hours, named))
    return _written(report, form, language)


@router.get("/{deployment}", response_class=Response, summary="The health report")
def show(
    deployment: str,
    web: Context,
    form: _Form = Format.HTML,
    hours: _Hours = 24.0,
    named: _Named = None,
    language: Language = Language.EN,
) -> Response:
    """Return what happened to a deployment, against the period before.

    `period` is `day`, `week` or `FROM..TO`; without it the last `hours` are meant.
    """
    found = lookup.deployment(web.stores, deployment)
    return _written(assemble(web.stores, found, _period(web, hours, named)), form, language)


def _period(web: Web, hours: float, named: str | None) -> Period:
    now = web.clock()
    return Period.parse(named, now) if named else Period.ending(now, timedelta(hours=hours))


def _written(report: HealthReport | FleetReport, form: Format, language: Language) -> Response:
    return Response(
        render(report, form, language),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Security-Policy": REPORT_SECURITY_POLICY},
    )
