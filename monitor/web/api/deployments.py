"""`/api/deployments`: pointers, their evidence, answers and indicators; rollback and thaw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.ports.indicators import Indicator
from monitor.ports.record import RecordedExchange
from monitor.reports import evidence
from monitor.reports.names import labels_of
from monitor.web import canary_views, lookup, overview
from monitor.web.api.answers import (
    CanaryAnswer,
    DeploymentAnswer,
    DeploymentViewAnswer,
    EvidenceAnswer,
    ExchangeAnswer,
    IncidentAnswer,
    IndicatorAnswer,
)
from monitor.web.api.requests import Reason, RollbackRequest, ShareRequest
from monitor.web.context import Context
from monitor.web.curve import Curve, marks
from monitor.web.identity import Operator
from rollback.deployment import Deployment
from rollback.incident import Incident

router = APIRouter(prefix="/deployments", tags=["deployments"])

_CURVE_POINTS = 800
Minutes = Annotated[int, Query(ge=1, le=60 * 24 * 31)]


@router.get("", response_model=list[DeploymentViewAnswer], summary="Every deployment")
def every(web: Context) -> Sequence[overview.DeploymentView]:
    """Return every deployment with its newest evidence and how it stands."""
    return overview.read(web.stores, web.clock()).deployments


@router.get("/{name}", response_model=DeploymentViewAnswer, summary="One deployment")
def one(name: str, web: Context) -> overview.DeploymentView:
    """Return a deployment with its newest evidence and how it stands."""
    deployment = lookup.deployment(web.stores, name)
    labels = labels_of(web.stores.registry.versions())
    incidents = web.stores.incidents.list(name)
    return overview.view(web.stores, deployment, incidents, labels, web.clock())


@router.get("/{name}/evidence", response_model=EvidenceAnswer, summary="The evidence curve")
def curve(name: str, web: Context, minutes: Minutes = 60) -> Curve:
    """Return evidence and suspicion against their lines, with what happened to the pointer."""
    deployment = lookup.deployment(web.stores, name)
    since = web.clock() - timedelta(minutes=minutes)
    points = web.stores.evidence.curve(name, since)
    labels = labels_of(web.stores.registry.versions())
    happened = marks(deployment, web.stores.incidents.list(name), labels, since)
    return Curve(
        deployment=name, points=evidence.thinned(points, _CURVE_POINTS), marks=tuple(happened)
    )


@router.get("/{name}/exchanges", response_model=list[ExchangeAnswer], summary="The last answers")
def exchanges(
    name: str, web: Context, limit: Annotated[int, Query(ge=1, le=1000)] = 50
) -> Sequence[RecordedExchange]:
    """Return the newest answers with their verdicts and findings, newest first."""
    lookup.deployment(web.stores, name)
    return web.stores.exchanges.recent(name, limit)


@router.get("/{name}/indicators", response_model=list[IndicatorAnswer], summary="Health numbers")
def indicators(name: str, web: Context, minutes: Minutes = 60) -> Sequence[Indicator]:
    """Return the indicators of all versions per minute, oldest first."""
    lookup.deployment(web.stores, name)
    now = web.clock()
    return web.stores.indicators.indicators(name, now - timedelta(minutes=minutes), now)


@router.get("/{name}/canaries", response_model=list[CanaryAnswer], summary="Its canaries")
def canaries(
    name: str, web: Context, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> Sequence[canary_views.CanaryView]:
    """Return a deployment's canaries, and what was shown by them so far, newest first."""
    lookup.deployment(web.stores, name)
    found = web.stores.canaries.recent(name, limit)
    return [canary_views.view(canary, web.clock()) for canary in found]


@router.post("/{name}/rollback", response_model=IncidentAnswer, summary="Roll back now")
async def roll_back(
    name: str, request: RollbackRequest, web: Context, operator: Operator
) -> Incident:
    """Put a version (else the baseline) back and quarantine the active one."""
    return await web.operations.roll_back(
        name, to=request.to, actor=operator, reason=request.reason
    )


@router.post("/{name}/share", response_model=DeploymentAnswer, summary="Share the traffic")
async def share(name: str, request: ShareRequest, web: Context, operator: Operator) -> Deployment:
    """Let a candidate answer a share of the callers, and the baseline a share of the prompts too."""
    return await web.operations.share(
        name,
        candidate=request.candidate,
        candidate_share=request.candidate_share,
        shadow_rate=request.shadow_rate,
        actor=operator,
        reason=request.reason,
    )


@router.post("/{name}/pin", response_model=DeploymentAnswer, summary="Hold it where it is")
async def pin(name: str, request: Reason, web: Context, operator: Operator) -> Deployment:
    """Hold the active version where it is: nothing moves it by itself."""
    return await web.operations.pin(name, actor=operator, reason=request.reason)


@router.post("/{name}/unpin", response_model=DeploymentAnswer, summary="Let it be moved again")
async def unpin(name: str, request: Reason, web: Context, operator: Operator) -> Deployment:
    """Let the active version be moved by itself again."""
    return await web.operations.unpin(name, actor=operator, reason=request.reason)


@router.post("/{name}/thaw", response_model=DeploymentAnswer, summary="Allow changes again")
async def thaw(name: str, request: Reason, web: Context, operator: Operator) -> Deployment:
    """Allow automatic changes of a frozen deployment again."""
    return await web.operations.thaw(name, actor=operator, reason=request.reason)
