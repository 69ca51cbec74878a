"""The ops chat of the demo: a real HTTP receiver for Slack's format and for signed webhooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message that arrived."""

    kind: str  # slack or webhook
    id: str | None  # the signed webhook's id; Slack's format has none
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What people read."""
        return str(self.body.get("text") or self.body.get("title") or "")


class Receiver:
    """Listens on loopback and keeps what arrives. A webhook with a wrong signature is refused."""

    def __init__(self) -> None:
        self._webhook: Webhook | None = None
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Condition()
        self.received: list[Received] = []
        self._port = 0

    def trust(self, secret: str) -> None:
        """Accept webhooks signed with this secret; until then, none is."""
        self._webhook = Webhook(secret)

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/slack", self._slack)
        app.router.add_post("/webhook", self._signed)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Where it listens; `/slack` and `/webhook` are the paths."""
        return f"http://{_HOST}:{self._port}"

    async def wait_for(self, kind: str, words: str, limit_s: float) -> Received:
        """Return the first message of a kind with these words, when it is there.

        Raises `TimeoutError`.
        """

        def find() -> Received | None:
            return next(
                (r for r in self.received if r.kind == kind and words in json.dumps(r.body)), None
            )

        async with asyncio.timeout(limit_s), self._arrived:
            await self._arrived.wait_for(lambda: find() is not None)
        found = find()
        if found is None:
            raise TimeoutError(f"no {kind} message with {words!r}")
        return found

    async def _slack(self, request: web.Request) -> web.Response:
        await self._keep(Received(kind="slack", id=None, body=await request.json()))
        return web.Response(text="ok")

    async def _signed(self, request: web.Request) -> web.Response:
        payload = await request.text()
        try:
            if self._webhook is None:
                return web.Response(status=503, text="no secret yet")
            body = self._webhook.verify(payload, dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401, text="wrong signature")
        await self._keep(Received(kind="webhook", id=request.headers.get("webhook-id"), body=body))
        return web.Response(status=204)

    async def _keep(self, received: Received) -> None:
        async with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
