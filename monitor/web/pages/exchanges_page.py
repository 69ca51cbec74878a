"""Answers on record: found by time, version, verdict, guard and words; and why each was flagged."""

from __future__ import annotations

from functools import partial
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from guards.explanation import nearest_ids
from guards.verdicts import Verdict
from monitor.errors import NotFound
from monitor.ports.listings import ExchangeFilter
from monitor.ports.record import RecordedExchange
from monitor.ports.stores import Stores
from monitor.reports.names import labels_of, version_label
from monitor.web import lookup
from monitor.web.context import Context
from monitor.web.pages import paging
from monitor.web.pages.frame import Page
from monitor.web.rarity import rarities

router = APIRouter(prefix="/exchanges")

_VERDICTS = (Verdict.FAIL, Verdict.WARN, Verdict.OK)
_BASE_MODEL = "base"
_NEIGHBOURS = 5


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
    stores = web.stores
    answer = stores.exchanges.find(exchange_id)
    if answer is None:
        raise NotFound(f"There is no answer {exchange_id[:80]!r} on record.")
    deployment = lookup.deployment(stores, answer.deployment)
    reference = web.references.of(deployment.name, answer.adapter, deployment.baseline)
    return frame.page(
        "exchange.html.jinja",
        answer=answer,
        rarities=rarities(answer, reference),
        reference_size=reference.size if reference else None,
        neighbours=_neighbours(stores, answer),
        label=partial(version_label, labels=labels_of(stores.registry.versions())),
    )


def _neighbours(stores: Stores, answer: RecordedExchange) -> list[RecordedExchange]:
    ids = nearest_ids(answer.findings)[:_NEIGHBOURS]
    return [found for each in ids if (found := stores.exchanges.find(each)) is not None]
