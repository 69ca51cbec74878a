"""`/api/incidents`: breaches and what was done about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.web.api.answers import IncidentAnswer
from monitor.web.context import Context
from rollback.incident import Incident

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get("", response_model=list[IncidentAnswer], summary="Incidents")
def every(
    web: Context,
    deployment: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Sequence[Incident]:
    """Return the incidents of a deployment, or of all, newest first."""
    return web.stores.incidents.list(deployment, limit)


@router.get("/{incident_id}", response_model=IncidentAnswer, summary="One incident")
def one(incident_id: str, web: Context) -> Incident:
    """Return an incident by its id."""
    return web.stores.incidents.get(incident_id)
