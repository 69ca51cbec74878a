"""Liveness, readiness and metrics, for orchestrators; they need no token."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitor.web.context import Context

router = APIRouter(tags=["probes"])


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> dict[str, str]:
    """Answer without looking at anything else."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether every component can work")
def readyz(web: Context) -> JSONResponse:
    """Return each component with `ok` or what is wrong; 503 if anything is."""
    components = dict(web.operations.health())
    ready = all(state == "ok" for state in components.values())
    body = {"status": "ok" if ready else "unavailable", "components": components}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics", summary="Metrics in Prometheus' text format")
def metrics(web: Context) -> Response:
    """Return every metric of the process."""
    return Response(generate_latest(web.registry), media_type=CONTENT_TYPE_LATEST)
