"""`/api/golden`: the golden set of a deployment, and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from monitor.errors import BadGoldenSet, NotFound
from monitor.ports.golden import Added, FromExchange, GoldenRun
from monitor.reports import golden_run
from monitor.reports.golden_run import GoldenRunReport
from monitor.reports.junit import junit
from monitor.web import lookup
from monitor.web.api.answers import (
    AddedCaseAnswer,
    GoldenRunAnswer,
    GoldenRunReportAnswer,
    GoldenSetAnswer,
)
from monitor.web.api.requests import CaseFromExchange
from monitor.web.body_limit import MIB
from monitor.web.context import Context
from monitor.web.identity import Operator

router = APIRouter(prefix="/golden", tags=["golden set"])

MOST_BYTES = 32 * MIB


@router.put(
    "/{deployment}",
    response_model=GoldenSetAnswer,
    summary="Replace the golden set",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def replace(
    deployment: str, request: Request, web: Context, operator: Operator
) -> GoldenSetAnswer:
    """Replace a deployment's golden set with JSON Lines, one case a line."""
    digest = await web.operations.import_golden(deployment, await _text(request), actor=operator)
    cases = await run_in_threadpool(web.stores.golden.cases, deployment)
    return GoldenSetAnswer(deployment=deployment, digest=digest, cases=len(cases))


@router.post(
    "/from-exchange", response_model=AddedCaseAnswer, summary="Make a recorded answer a case"
)
async def add(wanted: CaseFromExchange, web: Context, operator: Operator) -> Added:
    """Add the prompt of a recorded answer to the golden set, with what it should have said."""
    return await web.operations.add_golden(FromExchange(**wanted.model_dump()), actor=operator)


@router.post("/{deployment}/run", response_model=GoldenRunAnswer, summary="Run it now")
async def run(
    deployment: str,
    web: Context,
    cause: Annotated[str, Body(embed=True, max_length=100)] = "demand",
) -> GoldenRun:
    """Run the golden set against the active version and return how it went."""
    return await web.operations.run_golden(deployment, cause=cause)


@router.post("/{deployment}/try", response_model=GoldenRunAnswer, summary="Try a version")
async def try_out(
    deployment: str,
    web: Context,
    operator: Operator,
    version: Annotated[str, Body(embed=True, max_length=200)],
) -> GoldenRun:
    """Run the golden gate for a version that does not serve; nothing is promoted."""
    return await web.operations.try_golden(deployment, version, actor=operator)


@router.get(
    "/runs/{run:uuid}", response_model=GoldenRunReportAnswer, summary="A run, as far as it has come"
)
def follow(run: UUID, web: Context) -> GoldenRunReport:
    """Return a run of any deployment with the answers so far; it may be under way."""
    found = web.stores.golden.run(str(run))
    if found is None:
        raise NotFound(f"There is no golden run {run}.")
    return golden_run.assemble(web.stores.golden, found)


@router.get("/{deployment}/runs", response_model=list[GoldenRunAnswer], summary="Past runs")
def runs(
    deployment: str, web: Context, limit: Annotated[int, Query(ge=1, le=1000)] = 20
) -> Sequence[GoldenRun]:
    """Return the runs of a deployment's golden set, newest first."""
    lookup.deployment(web.stores, deployment)
    return web.stores.golden.runs(deployment, limit)


@router.get(
    "/{deployment}/runs/{run}",
    response_model=GoldenRunReportAnswer,
    summary="A run, case by case",
)
def show(
    deployment: str, run: str, web: Context, format: Literal["json", "junit"] = "json"
) -> GoldenRunReport | Response:
    """Return a run with both versions' answers, as JSON or as JUnit XML for CI.

    `run` is its id, or how its id begins.
    """
    lookup.deployment(web.stores, deployment)
    found = golden_run.find(web.stores.golden, deployment, run)
    report = golden_run.assemble(web.stores.golden, found)
    if format == "junit":
        return Response(junit(report), media_type="application/xml")
    return report


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise BadGoldenSet(f"The golden set is not UTF-8 at byte {error.start}.") from error
