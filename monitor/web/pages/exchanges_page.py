"""Answers on record: found by time, version, verdict, guard and words; and why each was flagged."""

from __future__ import annotations

from functools import partial
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from guards.verdicts import Verdict
from monitor.ports.listings import ExchangeFilter
from monitor.reports.names import labels_of, version_label
from monitor.web.context import Context
from monitor.web.explanation import explain
from monitor.web.pages import paging
from monitor.web.pages.frame import Page

router = APIRouter(prefix="/exchanges")

_VERDICTS = (Verdict.FAIL, Verdict.WARN, Verdict.OK)
_BASE_MODEL = "base"


@router.get("")
def listed(
    web: Context,
    frame: Page,
    deployment: str = "",
    version: str = "",
    verdict: Literal["", "ok", "warn", "fail"] = "",
    finding: str = "",
    text: str = "",
    since: str = "",
    until: str = "",
    after: str = "",
) -> HTMLResponse:
    """Return a page of answers, newest first, of the first deployment if none is named."""
    deployments = [each.name for each in web.stores.deployments.all()]
    chosen = deployment or next(iter(deployments), "")
    versions = web.stores.registry.versions()
    found = web.stores.listings.exchanges(
        ExchangeFilter(
            deployment=chosen,
            since=paging.time_of(since) if since else None,
            until=paging.time_of(until) if until else None,
            adapter=("" if version == _BASE_MODEL else version) if version else None,
            verdict=Verdict(verdict) if verdict else None,
            finding=finding,
            text=text,
        ),
        paging.parsed(after),
        paging.ROWS,
    )
    filters = {
        "deployment": chosen,
        "version": version,
        "verdict": verdict,
        "finding": finding,
        "text": text,
        "since": since,
        "until": until,
    }
    return frame.page(
        "exchanges.html.jinja",
        found=found,
        filters=filters,
        is_first=not after,
        following=paging.following(found.place, **filters),
        deployments=deployments,
        versions=versions,
        verdicts=[each.value for each in _VERDICTS],
        label=partial(version_label, labels=labels_of(versions)),
    )


@router.get("/{exchange_id:path}")
def one(exchange_id: str, web: Context, frame: Page) -> HTMLResponse:
    """Return an answer with its signals beside the reference, and its nearest usual answers."""
    found = explain(web.stores, web.references, exchange_id)
    return frame.page(
        "exchange.html.jinja",
        answer=found.answer,
        rarities=found.rarities,
        reference_size=found.reference_size,
        neighbours=found.neighbours,
        label=partial(version_label, labels=labels_of(web.stores.registry.versions())),
    )
