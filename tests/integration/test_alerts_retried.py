"""A signed webhook whose receiver fails in every way: the schedule is kept, the message stays the same."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from monitor.alerts.message import compose
from monitor.alerts.schedule import DELAYS, retry_at
from monitor.alerts.webhook import WebhookSender
from monitor.ports.stores import Stores
from monitor.runtime.alerting.routes import Rules
from monitor.runtime.dispatch import Dispatcher, Writing
from monitor.runtime.troubles import Troubles
from tests.integration.storage.builders import notice

pytestmark = pytest.mark.integration

_SECRET = base64.b64encode(bytes(range(32))).decode()
_START = datetime(2026, 3, 2, tzinfo=UTC)
_FAILURES = {
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "301": b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "429": b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
    "closes": b"",
    "nonsense": b"\x00\x01\x02\r\n\r\n",
}


class _Clock:
    now = _START

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def _receiver(answer: bytes, got: list[tuple[dict[str, str], bytes]]) -> AsyncIterator[str]:
    """Keep what comes, answer with these bytes, and close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        named = (line.partition(": ") for line in head if line)
        headers = {name.lower(): value for name, _, value in named}
        got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


@pytest.mark.parametrize("failure", sorted(_FAILURES))
async def test_ten_attempts_are_made_on_the_standards_schedule(
    stores: Stores, failure: str
) -> None:
    """Under one id and with one body, each signed at its own time; then it is given up."""
    stores.outbox.put(notice(1))
    clock, got = _Clock(), list[tuple[dict[str, str], bytes]]()
    async with _receiver(_FAILURES[failure], got) as url:
        dispatcher = _dispatcher(stores, url, clock)
        times = []
        for delay in DELAYS:
            wish = timedelta(hours=1) if failure == "429" and times else timedelta(0)
            clock.now += max(delay, wish) - timedelta(seconds=1)
            if times:
                assert await dispatcher.dispatch() == 0
            clock.now += timedelta(seconds=1)
            times.append(clock.now)
            assert await dispatcher.dispatch() == 1
        clock.now += timedelta(days=30)
        assert await dispatcher.dispatch() == 0
    assert {headers["webhook-id"] for headers, _ in got} == {"notice-1"}
    assert len({body for _, body in got}) == 1
    assert [headers["webhook-timestamp"] for headers, _ in got] == [
        str(int(at.timestamp())) for at in times
    ]
    for (headers, body), at in zip(got, times, strict=True):
        signed = Webhook(_SECRET).sign("notice-1", at, body.decode())
        assert headers["webhook-signature"] == signed
    assert [each.state for each in stores.outbox.posted(9)] == ["failed"]


def _dispatcher(stores: Stores, url: str, clock: _Clock) -> Dispatcher:
    sender = WebhookSender("ops", url, secret=_SECRET, allow_private=True)
    writing = Writing(
        compose=lambda delivery, pictured: compose(delivery),
        rules=Rules(receivers=("ops",)),
        retry_at=lambda attempt, at, wish: retry_at(attempt, at, jitter=0, retry_after_s=wish),
        clock=clock,
    )
    return Dispatcher(stores.outbox, {"ops": sender}, writing, Troubles())
