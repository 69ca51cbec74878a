"""Golden runs on a model server: they wait behind callers, and know which base model is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from guards.exchange import Message
from monitor.engines.servers import server_identity
from monitor.engines.servers.server import ModelServer
from monitor.ports.engine import Engine, Generation
from tests.servers.opened import engine_of
from tests.servers.vllm import VllmServer

pytestmark = pytest.mark.integration

ASKED = Generation(
    messages=(Message(role="prompt", content="hello"),), max_tokens=2, temperature=0.0, priority=100
)


class Scheduling(VllmServer):
    """A vLLM server that schedules by priority, or refuses to as the real one does."""

    def __init__(self, folder: Path, *, by_priority: bool) -> None:
        super().__init__(folder)
        self._by_priority = by_priority
        self.priorities: list[Any] = []
        self.program, self.template = "0.32.0", ""

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": self.program})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        priority = (await request.json()).get("priority")
        self.priorities.append(priority)
        if priority and not self._by_priority:
            said = f"Got priority {priority} but Priority scheduling is not enabled."
            return web.json_response({"error": {"message": said}}, status=400)
        return await super()._complete(request)

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.template and "messages" in body:
            return web.json_response({"tokens": [1, 2, 3]})
        return await super()._tokenize(request)


@asynccontextmanager
async def served(scheduling: Scheduling) -> AsyncIterator[tuple[Scheduling, ModelServer]]:
    """Yield a server that runs, with our engine for it."""
    async with scheduling.running():
        engine = engine_of("vllm", scheduling, scheduling.folder)
        try:
            yield scheduling, engine
        finally:
            await engine.close()


async def texts(engine: Engine, times: int) -> list[str]:
    """Return so many answers, one after the other."""
    told = []
    for _ in range(times):
        pieces = [piece async for piece in engine.complete(ASKED, None)]
        told.append("".join(piece.text for piece in pieces))
    return told


@pytest.mark.parametrize(("by_priority", "sent"), [(True, [100, 100]), (False, [100, None, None])])
async def test_a_server_is_asked_with_a_priority_only_if_it_knows_of_one(
    tmp_path: Path, by_priority: bool, sent: list[int | None]
) -> None:
    """One that refuses the field is asked without it from then on, and nobody notices."""
    async with served(Scheduling(tmp_path, by_priority=by_priority)) as (server, engine):
        first, second = await texts(engine, 2)
        assert first == second != ""
        assert server.priorities == sent


async def test_a_server_s_base_model_is_told_part_by_part(tmp_path: Path) -> None:
    """Another program and another chat template show; the tokenizer is the same."""
    async with served(Scheduling(tmp_path, by_priority=True)) as (server, engine):
        before = await server_identity.parts_of(engine)
        server.program, server.template = "0.33.0", "another"
        after = await server_identity.parts_of(engine)
    assert set(before) == {"engine", "model", "tokenizer", "chat template"}
    assert {name for name in before if before[name] != after[name]} == {"engine", "chat template"}
