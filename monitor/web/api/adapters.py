"""`/api/adapters`: register, look at, promote, quarantine and release adapter versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

from monitor.errors import BadRequest
from monitor.reports import adapter_card, adapter_card_text
from monitor.web import lookup
from monitor.web.api.answers import AdapterAnswer, AdapterSummary, DeploymentAnswer
from monitor.web.api.requests import NewAdapter, PromotionRequest, Reason
from monitor.web.context import Context
from monitor.web.identity import Operator
from rollback import card_statement
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion

router = APIRouter(prefix="/adapters", tags=["adapters"])


@router.get("", response_model=list[AdapterSummary], summary="Every adapter version")
def every(web: Context, family: str | None = None) -> Sequence[AdapterVersion]:
    """Return the versions of a family, or all, newest first."""
    return web.stores.registry.versions(family)


@router.post("", response_model=AdapterAnswer, status_code=201, summary="Register an adapter")
async def add(request: NewAdapter, web: Context, operator: Operator) -> AdapterVersion:
    """Check an adapter, copy it in and register it under its content's name."""
    _require_place(request.path)
    _require_statement(request.facts)
    return await web.operations.add_adapter(
        request.family,
        request.path,
        label=request.label,
        actor=operator,
        parent=request.parent,
        facts=request.facts,
    )


def _require_place(path: str) -> None:
    if "://" not in path and not Path(path).is_absolute():
        raise BadRequest(
            f"The path {path!r} is relative; give it as the service sees it, from `/` on."
        )


def _require_statement(facts: Mapping[str, Any]) -> None:
    told = facts.get(card_statement.FACT, {})
    if not isinstance(told, Mapping):
        raise BadRequest("The fact `card` must be a mapping of texts.")
    try:
        card_statement.parse(told)
    except ValueError as error:
        raise BadRequest(f"The fact `card`: {error}.") from error


@router.get("/{name}", response_model=AdapterAnswer, summary="One adapter version")
def one(name: str, web: Context) -> AdapterVersion:
    """Return a version by name (`support@3f9a2c1d7b04`) or label (`support@v1`)."""
    return lookup.version(web.stores, name)


@router.get("/{name}/card", response_class=Response, summary="Its card, in the form of the hub")
def card(name: str, web: Context) -> Response:
    """Return a version's card: Markdown under YAML front matter, as it stands on record now."""
    told = adapter_card.assemble(web.stores, lookup.version(web.stores, name), web.clock())
    return Response(adapter_card_text.markdown(told), media_type="text/markdown; charset=utf-8")


@router.post("/{name}/promote", response_model=DeploymentAnswer, summary="Make it active")
async def promote(
    name: str, request: PromotionRequest, web: Context, operator: Operator
) -> Deployment:
    """Make a version active if the golden gate lets it pass, or if it is forced."""
    return await web.operations.promote(
        name,
        deployment=request.deployment,
        force=request.force,
        canary=request.canary,
        actor=operator,
        reason=request.reason,
    )


@router.post("/{name}/quarantine", response_model=AdapterAnswer, summary="Keep it out")
async def quarantine(
    name: str, request: Reason, web: Context, operator: Operator
) -> AdapterVersion:
    """Keep a version out until a person releases it."""
    return await web.operations.quarantine(name, actor=operator, reason=request.reason)


@router.post("/{name}/release", response_model=AdapterAnswer, summary="Let it be promoted again")
async def release(name: str, request: Reason, web: Context, operator: Operator) -> AdapterVersion:
    """Release a version from quarantine."""
    return await web.operations.release(name, actor=operator, reason=request.reason)
