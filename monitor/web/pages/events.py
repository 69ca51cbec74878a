"""The one stream of news to open pages (server-sent events): that something changed, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from monitor.errors import Unavailable
from monitor.web.context import Context
from monitor.web.live import Live
from monitor.web.pages.login import PageSession

router = APIRouter()

_BEGINNING = "retry: 2000\n\n"
_CHANGED = "event: changed\ndata: now\n\n"
_SILENCE = ": nothing new\n\n"


@router.get("/events")
async def events(web: Context, _: PageSession) -> StreamingResponse:
    """Return a stream that says nothing but that a page should ask anew."""
    if web.live.is_full:
        raise Unavailable(
            "Too many pages are open here; this one asks by itself every few seconds."
        )
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_frames(web.live), media_type="text/event-stream", headers=headers)


async def _frames(live: Live) -> AsyncIterator[str]:
    yield _BEGINNING
    async for changed in live.changes():
        yield _CHANGED if changed else _SILENCE
