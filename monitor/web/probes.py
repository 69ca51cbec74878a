"""Liveness, readiness and metrics, for orchestrators; they need no token."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitor.web.context import Context

router = APIRouter(tags=["probes"])

# What callers need. While the rest is away they are answered all the same, and to send them
# elsewhere because the database is away would make an outage of it.
_SERVING = frozenset({"service", "engine", "versions"})


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> dict[str, str]:
    """Answer without looking at anything else."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether callers can be answered, and every component")
def readyz(web: Context) -> JSONResponse:
    """Return each component with `ok` or what is wrong; 503 if callers cannot be answered."""
    components = dict(web.operations.health())
    wrong = {name for name, state in components.items() if state != "ok"}
    ready = not wrong & _SERVING
    status = "unavailable" if not ready else "degraded" if wrong else "ok"
    return JSONResponse({"status": status, "components": components}, 200 if ready else 503)


@router.get("/metrics", summary="Metrics in Prometheus' text format")
def metrics(web: Context) -> Response:
    """Return every metric of the process."""
    return Response(generate_latest(web.registry), media_type=CONTENT_TYPE_LATEST)
