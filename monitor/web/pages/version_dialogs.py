"""The dialogs that ask before a version is promoted, put into quarantine or released from it."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from monitor.errors import BackstopError, BadRequest, Conflict
from monitor.reports.names import labels_of, version_label
from monitor.web import lookup, statuses
from monitor.web.context import Context, Web
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import changed, page
from rollback.versions import AdapterVersion

router = APIRouter(prefix="/versions")


class Act(Enum):
    """What is done with a version."""

    PROMOTE = "promote"  # means that it serves from now on, if the golden gate lets it pass
    QUARANTINE = "quarantine"  # means that it stays out until a person releases it
    RELEASE = "release"  # means that it may be promoted again


@router.get("/{act}")
def ask(act: Act, version: str, web: Context, _: PageSession) -> HTMLResponse:
    """Return the question."""
    return _question(web, act, lookup.version(web.stores, version))


@router.post("/{act}")
async def answer(
    act: Act,
    web: Context,
    session: PageSession,
    version: Annotated[str, Form()],
    state: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    deployment: Annotated[str, Form()] = "",
    force: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Do it, if the version is still in the state that the operator was asked about."""
    found = await run_in_threadpool(lookup.version, web.stores, version)
    try:
        _check(found, state, reason)
        told = await _done(
            web, act, found, session.person.name, reason.strip(), deployment or None, force=force
        )
    except BackstopError as error:
        status, _ = statuses.status_of(error)
        return await run_in_threadpool(
            _question, web, act, found, str(error), status, reason=reason, deployment=deployment
        )
    return changed(page("done.html.jinja", title=told[0], told=told[1]))


async def _done(
    web: Web,
    act: Act,
    version: AdapterVersion,
    actor: str,
    reason: str,
    deployment: str | None,
    *,
    force: bool,
) -> tuple[str, str]:
    """Do it, and return what to tell: a title and a sentence."""
    name = version_label(version.name, {version.name: version.label})
    match act:
        case Act.PROMOTE:
            after = await web.operations.promote(
                version.name, deployment=deployment, force=force, actor=actor, reason=reason
            )
            return "Promoted", f"{name} serves {after.name} from now on."
        case Act.QUARANTINE:
            await web.operations.quarantine(version.name, actor=actor, reason=reason)
            return "In quarantine", f"{name} stays out until somebody releases it."
        case Act.RELEASE:
            await web.operations.release(version.name, actor=actor, reason=reason)
            return "Released", f"{name} may be promoted again."


def _check(version: AdapterVersion, state: str, reason: str) -> None:
    if not reason.strip():
        raise BadRequest("Say why, in a few words: the reason is kept in the audit log.")
    if version.state.value != state:
        raise Conflict(
            f"{version.name} has become {version.state.value} since you were asked; look again "
            "before you confirm."
        )


def _question(
    web: Web,
    act: Act,
    version: AdapterVersion,
    fault: str = "",
    status: int = 200,
    *,
    reason: str = "",
    deployment: str = "",
) -> HTMLResponse:
    return page(
        "version_question.html.jinja",
        status,
        act=act.value,
        version=version,
        deployments=[each.name for each in web.stores.deployments.all()],
        chosen=deployment or version.family,
        reason=reason,
        label=partial(version_label, labels=labels_of(web.stores.registry.versions())),
        fault=fault,
    )
