"""The dialog that asks before it rolls back, and says afterwards what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from monitor.errors import BackstopError, BadRequest, Conflict
from monitor.ports.stores import Stores
from monitor.reports.names import labels_of, version_label
from monitor.web import lookup, statuses
from monitor.web.context import Context, Web
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import changed, page
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.versions import PROVEN, AdapterVersion

router = APIRouter()


@router.get("/rollback")
def ask(deployment: str, web: Context, _: PageSession) -> HTMLResponse:
    """Return the question, with the versions to choose from."""
    return _question(web.stores, lookup.deployment(web.stores, deployment))


@router.post("/rollback")
async def answer(
    web: Context,
    session: PageSession,
    deployment: Annotated[str, Form()],
    epoch: Annotated[int, Form()],
    reason: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Roll back, if the deployment is still what the operator was asked about."""
    pointer = await run_in_threadpool(lookup.deployment, web.stores, deployment)
    try:
        _check(pointer, epoch, reason)
        incident = await web.operations.roll_back(
            deployment, to=to or None, actor=session.person.name, reason=reason.strip()
        )
    except BackstopError as error:
        status, _ = statuses.status_of(error)
        return await run_in_threadpool(_question, web.stores, pointer, str(error), status)
    return await run_in_threadpool(_done, web, incident)


def targets(pointer: Deployment, versions: Sequence[AdapterVersion]) -> list[AdapterVersion]:
    """Return the versions that may serve instead: the baseline's own entry is not among them."""
    family = pointer.active.partition("@")[0] if pointer.active else None
    return [
        version
        for version in versions
        if version.state in PROVEN
        and version.family == (family or version.family)
        and version.name not in (pointer.active, pointer.baseline)
    ]


def _check(pointer: Deployment, epoch: int, reason: str) -> None:
    if not reason.strip():
        raise BadRequest("Say why, in a few words: the reason is kept in the audit log.")
    if pointer.epoch != epoch:
        raise Conflict(
            f"{pointer.name} has changed since you were asked; look again before you confirm."
        )


def _question(
    stores: Stores, pointer: Deployment, fault: str = "", status: int = 200
) -> HTMLResponse:
    versions = stores.registry.versions()
    return page(
        "rollback_question.html.jinja",
        status,
        deployment=pointer,
        targets=targets(pointer, versions),
        label=partial(version_label, labels=labels_of(versions)),
        fault=fault,
    )


def _done(web: Web, incident: Incident) -> HTMLResponse:
    label = partial(version_label, labels=labels_of(web.stores.registry.versions()))
    return changed(page("rollback_done.html.jinja", incident=incident, label=label))
