"""Policies: what each deployment tolerates, to read, to check and to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from monitor.errors import BackstopError, BadRequest
from monitor.ports.listings import AuditFilter
from monitor.ports.policies import Mistake
from monitor.web import lookup, statuses
from monitor.web.context import Context
from monitor.web.pages.frame import Page
from monitor.web.pages.login import AdminSession, PageSession
from monitor.web.pages.rendering import page

router = APIRouter(prefix="/policy")

_CHANGES = 10


@router.get("")
def listed(web: Context, frame: Page) -> HTMLResponse:
    """Return the list of deployments with where the policy of each stands."""
    names = [each.name for each in web.stores.deployments.all()]
    return frame.page("policies.html.jinja", texts=[web.policies.text(name) for name in names])


@router.get("/{name}")
def one(name: str, web: Context, frame: Page) -> HTMLResponse:
    """Return a deployment's policy as text, with its latest changes."""
    deployment = lookup.deployment(web.stores, name)
    wanted = AuditFilter(subject=deployment.name, action="policy")
    return frame.page(
        "policy.html.jinja",
        policy=web.policies.text(deployment.name),
        changes=web.stores.listings.audit(wanted, None, _CHANGES),
    )


@router.post("/{name}/check")
def check(
    name: str, web: Context, _: PageSession, text: Annotated[str, Form()] = ""
) -> HTMLResponse:
    """Return what is wrong with a text, line by line."""
    lookup.deployment(web.stores, name)
    return _outcome(web.policies.check(text))


@router.post("/{name}")
async def save(
    name: str,
    web: Context,
    session: AdminSession,
    text: Annotated[str, Form()] = "",
    replacing: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Save a policy, or say what is wrong with it."""
    mistakes = await run_in_threadpool(web.policies.check, text)
    if mistakes:
        return _outcome(mistakes, status=400)
    try:
        if not reason.strip():
            raise BadRequest("Say why, in a few words: the reason is kept in the audit log.")
        saved = await run_in_threadpool(
            web.policies.save,
            name,
            text,
            replacing=replacing,
            actor=session.person.name,
            reason=reason.strip(),
        )
    except BackstopError as error:
        status, _ = statuses.status_of(error)
        return _outcome([Mistake(line=None, problem=str(error))], status=status)
    return page("policy_outcome.html.jinja", mistakes=(), saved=saved)


def _outcome(mistakes: Sequence[Mistake], *, status: int = 200) -> HTMLResponse:
    return page("policy_outcome.html.jinja", status, mistakes=mistakes, saved=None)
