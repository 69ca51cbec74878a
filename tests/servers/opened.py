"""A server of each kind, and our engine in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from monitor.config import ServerEngine
from monitor.engines.servers.opened import open_server
from monitor.engines.servers.server import ModelServer
from tests.servers.adapters import VERSIONS
from tests.servers.llamacpp import LlamacppServer
from tests.servers.lorax import LoraxServer
from tests.servers.served import Served
from tests.servers.sglang import SglangServer
from tests.servers.vllm import VllmServer

SERVERS = ("vllm", "sglang", "lorax", "llamacpp")


def server_of(kind: str, adapters: Path, started_with: Sequence[str] = VERSIONS) -> Served:
    """Return a server that does not listen yet; only llama.cpp's is started with adapters."""
    if kind == "vllm":
        return VllmServer(adapters)
    if kind == "sglang":
        return SglangServer(adapters)
    if kind == "lorax":
        return LoraxServer(adapters)
    return LlamacppServer([f"/gguf/{version}.gguf" for version in started_with])


def engine_of(kind: str, server: Any, adapters: Path, **settings: Any) -> ModelServer:
    """Return our engine for a server; it unloads also where it would not by itself."""
    told = {"kind": kind, "url": server.url, "model": server.model, "unload": True, **settings}
    return open_server(ServerEngine.model_validate(told), adapters)


@asynccontextmanager
async def opened(
    kind: str, adapters: Path, *, started_with: Sequence[str] = VERSIONS, **settings: Any
) -> AsyncIterator[tuple[Any, ModelServer]]:
    """Run a server and yield it with our engine for it."""
    async with server_of(kind, adapters, started_with).running() as server:
        engine = engine_of(kind, server, adapters, **settings)
        try:
            yield server, engine
        finally:
            await engine.close()
