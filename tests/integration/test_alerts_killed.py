"""A process that is killed between sending and noting it: the message comes twice, and is never lost."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from monitor.alerts.message import compose
from monitor.alerts.webhook import WebhookSender
from monitor.ports.stores import Stores
from monitor.runtime.alerting.routes import Rules
from monitor.runtime.dispatch import Dispatcher, Writing
from monitor.runtime.troubles import Troubles
from tests.integration.storage.builders import notice

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_SECRET = base64.b64encode(bytes(range(32))).decode()
_SENDING = """
import asyncio, sys
from monitor.alerts.message import compose
from monitor.alerts.webhook import WebhookSender
from monitor.runtime.alerting.routes import Rules
from monitor.runtime.dispatch import Dispatcher, Writing
from monitor.runtime.troubles import Troubles
from monitor.storage.database import open_engine
from monitor.storage.mail import PostgresMailRoom

database, url, secret = sys.argv[1:]
sender = WebhookSender("ops", url, secret=secret, allow_private=True)
writing = Writing(
    compose=lambda delivery, pictured: compose(delivery),
    rules=Rules(receivers=("ops",)),
    retry_at=lambda attempt, failed_at, wish_s: None,
)
mail = PostgresMailRoom(open_engine(database))
asyncio.run(Dispatcher(mail, {"ops": sender}, writing, Troubles()).dispatch())
"""


class _Deadly:
    """A receiver that kills its first sender once it has the message, before it answers."""

    def __init__(self) -> None:
        self.sender: asyncio.subprocess.Process | None = None
        self.started = asyncio.Event()
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Keep the message."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((headers, await request.read()))
        await self.started.wait()
        if self.sender is not None and self.sender.returncode is None:
            self.sender.kill()
            await self.sender.wait()
        return web.Response(text="ok")


async def test_a_kill_between_sending_and_noting_makes_a_duplicate_and_no_loss(
    stores: Stores, database_url: str
) -> None:
    """Under the same id, at a fresh time, with a signature that is valid by the standard's check."""
    stores.outbox.put(notice(1))
    receiver = _Deadly()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        url = str(server.make_url("/hook"))
        receiver.sender = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SENDING, database_url, url, _SECRET
        )
        receiver.started.set()
        assert await receiver.sender.wait() == -signal.SIGKILL
        assert [each.state for each in stores.outbox.posted(9)] == ["pending"]
        assert await _next_life(stores, url).dispatch() == 1
    first, second = receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"] == "notice-1"
    assert first[1] == second[1]
    assert int(second[0]["webhook-timestamp"]) >= int(first[0]["webhook-timestamp"]) + 60
    for headers, body in receiver.got:
        Webhook(_SECRET).verify(body, headers)
    assert [each.state for each in stores.outbox.posted(9)] == ["sent"]


def _next_life(stores: Stores, url: str) -> Dispatcher:
    """Return a dispatcher that begins after the dead one's lease."""
    sender = WebhookSender("ops", url, secret=_SECRET, allow_private=True)
    writing = Writing(
        compose=lambda delivery, pictured: compose(delivery),
        rules=Rules(receivers=("ops",)),
        retry_at=lambda attempt, failed_at, wish_s: None,
        clock=lambda: datetime.now(UTC) + timedelta(seconds=61),
    )
    return Dispatcher(stores.outbox, {"ops": sender}, writing, Troubles())
