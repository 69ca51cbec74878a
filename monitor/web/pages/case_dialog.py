"""The dialog that makes a recorded answer a golden case, with what it should have been."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from monitor.errors import BackstopError, BadRequest, NotFound
from monitor.ports.golden import FromExchange
from monitor.ports.record import RecordedExchange
from monitor.ports.stores import Stores
from monitor.web import statuses
from monitor.web.context import Context
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import page

router = APIRouter()


@router.get("/golden-case")
def ask(exchange: str, web: Context, _: PageSession) -> HTMLResponse:
    """Return the question what the answer should have been."""
    return _question(_found(web.stores, exchange))


@router.post("/golden-case")
async def answer(
    web: Context,
    session: PageSession,
    exchange: Annotated[str, Form()],
    corrected: Annotated[str, Form()] = "",
    system: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Add the case, or ask again and say what is wrong."""
    found = await run_in_threadpool(_found, web.stores, exchange)
    try:
        if not corrected.strip():
            raise BadRequest("Write what the answer should have been.")
        wanted = FromExchange(exchange=exchange, corrected=corrected, system=system or None)
        added = await web.operations.add_golden(wanted, actor=session.person.name)
    except BackstopError as error:
        status, _ = statuses.status_of(error)
        return _question(found, str(error), status)
    return page("case_done.html.jinja", added=added)


def _found(stores: Stores, exchange: str) -> RecordedExchange:
    found = stores.exchanges.find(exchange)
    if found is None:
        raise NotFound(f"There is no answer {exchange!r} on record.")
    return found


def _question(found: RecordedExchange, fault: str = "", status: int = 200) -> HTMLResponse:
    return page("case_question.html.jinja", status, answer=found, fault=fault)
