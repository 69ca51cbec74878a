"""A vLLM server of which a test spoils adapters: what it answers, whether it loads and unloads them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from tests.servers.vllm import VllmServer


class FaultyServer(VllmServer):
    """Answers as a sound server but for what a test has spoilt.

    Attributes:
        mute: versions that answer conversations with nothing at all; probes they answer well.
        unloadable: versions that fail to load.
        swapped: version → path whose weights answer under its name; the list does not show it.
        hung: whether taking a version off never comes to an end.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mute: set[str] = set()
        self.unloadable: set[str] = set()
        self.swapped: dict[str, str] = {}
        self.hung = False

    def answering(self, model: str) -> str | None:
        """Return the path of what answers under a name."""
        return self.swapped.get(model, super().answering(model))

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body["model"] in self.mute and "messages" in body:
            choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
            return await self.stream(request, [{"choices": [choice]}, b"[DONE]"])
        return await super()._complete(request)

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["lora_name"]
        if name in self.unloadable:
            told = {"error": {"message": f"{name} is broken", "type": "Error", "code": 500}}
            return web.json_response(told, status=500)
        return await super()._load(request)

    async def _unload(self, request: web.Request) -> web.Response:
        if self.hung:
            await asyncio.Event().wait()
        return await super()._unload(request)
