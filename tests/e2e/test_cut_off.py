"""A replica that is cut off from Postgres says so, and follows as soon as it hears of a rollback."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from sqlalchemy.engine import make_url

from bench.peers import adapters, backstop, postgres
from bench.peers.backstop import DEPLOYMENT, Service
from tests.integration.conftest import server_url, short_path
from tests.servers.vllm import VllmServer

__all__ = ["server_url", "short_path"]  # fixtures

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_LIMIT_S = 60.0


class Line:
    """A way to Postgres' socket that can be cut and mended."""

    def __init__(self, folder: Path, real: Path) -> None:
        self._own = folder / real.name
        self._real = real
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_unix_server(self._pass, self._own)
        self._own.chmod(0o777)

    def cut(self) -> None:
        """Break every connection, and take no new one."""
        assert self._server is not None
        self._server.close()
        self._own.unlink(missing_ok=True)
        for writer in self._open:
            writer.transport.abort()

    async def close(self) -> None:
        """Cut it for good, and wait until nothing of it is left."""
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        there, back = await asyncio.open_unix_connection(self._real)
        ends = {writer, back}
        self._open |= ends
        await asyncio.gather(_pump(reader, back), _pump(there, writer), return_exceptions=True)
        self._open -= ends
        for end in ends:
            end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side hangs up."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def _service(
    folder: Path, engine: VllmServer, database: str, name: str, shared: Path
) -> AsyncIterator[Service]:
    running = backstop.running(
        folder,
        engine=engine.url,
        model=engine.model,
        database=database,
        name=name,
        adapters=shared,
    )
    service = await asyncio.to_thread(running.__enter__)
    try:
        yield service
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def test_a_replica_cut_off_says_so_and_follows_when_it_hears(
    tmp_path: Path, short_path: Path, server_url: str
) -> None:
    """It goes on by what it knows; within its next tick nobody gets the quarantined version."""
    url = make_url(postgres.new_database(server_url, f"cut_{uuid4().hex}"))
    real = Path(str(url.query["host"])) / f".s.PGSQL.{url.query['port']}"
    cut_folder, shared = short_path / uuid4().hex[:6], tmp_path / "shared"
    for made in (cut_folder, shared):
        made.mkdir(mode=0o755)
    line = Line(cut_folder, real)
    await line.mend()
    through = url.update_query_dict({"host": str(cut_folder)})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(line.close)
        engine = await stack.enter_async_context(VllmServer(tmp_path).running())
        whole, cut = [
            await stack.enter_async_context(
                _service(tmp_path, engine, where.render_as_string(False), name, shared)
            )
            for name, where in (("whole", url), ("cut", through))
        ]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        v1, v2 = await _two_versions(whole, tmp_path)
        await _until_served(session, cut, v2)
        line.cut()
        await _until_told(cut, away=True)
        await asyncio.to_thread(whole.roll_back, v1)
        assert await _served(session, whole) == v1.partition("@")[2]
        assert await _served(session, cut) == v2.partition("@")[2]
        await line.mend()
        await _until_served(session, cut, v1)
        await _until_told(cut, away=False)
        for _ in range(20):
            assert await _served(session, cut) == v1.partition("@")[2]


async def _two_versions(service: Service, folder: Path) -> tuple[str, str]:
    """Make v1 serve, then v2; return their names."""
    names = []
    for seed, label in enumerate(("v1", "v2")):
        made = await asyncio.to_thread(adapters.make, folder / label, seed)
        names.append(await asyncio.to_thread(service.add, made, label))
        await asyncio.to_thread(service.promote, names[-1])
    return names[0], names[1]


async def _served(session: aiohttp.ClientSession, service: Service) -> str:
    """Return the digest of an answer."""
    turn = {"role": "user", "content": "hi"}
    async with session.post(
        f"{service.url}/v1/chat/completions",
        json={"model": DEPLOYMENT, "messages": [turn], "max_tokens": 4, "stream": True},
        headers={"Authorization": f"Bearer {service.caller}"},
    ) as answer:
        await answer.read()
        return str(answer.headers["x-adapter-digest"])


async def _until_served(session: aiohttp.ClientSession, service: Service, version: str) -> None:
    """Wait until a version answers."""
    async with asyncio.timeout(_LIMIT_S):
        while await _served(session, service) != version.partition("@")[2]:
            continue


async def _until_told(service: Service, *, away: bool) -> None:
    """Wait until `/readyz` says that the database is away, or is back."""
    async with asyncio.timeout(_LIMIT_S):
        while (await asyncio.to_thread(_database, service) != "ok") is not away:
            continue


def _database(service: Service) -> str:
    with urllib.request.urlopen(f"{service.url}/readyz", timeout=20) as answer:
        return str(json.loads(answer.read())["components"]["database"])
