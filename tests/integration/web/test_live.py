"""The stream of news to open pages, from a change in Postgres to the page."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.storage.builders import record
from tests.integration.web import serving
from tests.integration.web.story import answer, trouble
from tests.integration.web.test_access import browser
from tests.integration.web.test_pages import log_in

pytestmark = pytest.mark.integration


async def test_a_page_is_told_of_new_answers(stranger, service) -> None:
    """It hears that something changed, and nothing of what."""
    await log_in(stranger)
    async with asyncio.timeout(30), stranger.get("/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await _event(stream) == "now"  # everything is told once a connection stands
        record(service.stores, answer(9000, serving.now(), "news"))
        assert await _event(stream) == "now"


async def test_a_stranger_hears_nothing(stranger) -> None:
    """The stream needs a session, as every page does."""
    async with stranger.get("/events", allow_redirects=False) as reply:
        assert reply.status == 303


async def test_an_open_stream_holds_no_end_up(stores) -> None:
    """When the service ends the stream ends too, whole, and within a second or so."""
    trouble(stores, serving.now())
    loop = asyncio.get_running_loop()
    with serving.serve(stores) as service:
        async with browser(service) as client:
            await log_in(client)
            stream = await client.get("/events")
            await stream.content.readline()
            began = loop.time()
            service.end()
            async with asyncio.timeout(5):
                await stream.content.read()  # raises if it breaks off
    assert loop.time() - began < 5


async def _event(stream) -> str:
    while True:
        line = (await stream.content.readline()).decode().strip()
        if line.startswith("data:"):
            return line.removeprefix("data:").strip()
