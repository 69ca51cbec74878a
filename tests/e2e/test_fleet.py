"""The service in front of a model server, with all of its processes and a real Postgres."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from bench.peers import adapters, backstop, postgres
from bench.peers.backstop import Service
from monitor.errors import BackstopError
from tests.integration.conftest import server_url, short_path
from tests.servers.vllm import VllmServer

__all__ = ["server_url", "short_path"]  # fixtures

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CHAT = "/v1/chat/completions"
_LIMIT_S = 30.0


class Operator:
    """A service, called from a thread so that its model server can answer meanwhile."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the work returns."""
        return await asyncio.to_thread(work, *arguments)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                while not await self._is_so(holds):
                    continue
        except TimeoutError:
            pytest.fail(f"did not come true: {what}")

    async def _is_so(self, holds: Callable[[], bool]) -> bool:
        """Whether it holds; while control is away nobody can tell."""
        try:
            return await asyncio.to_thread(holds)
        except BackstopError:
            return False

    async def recorded(self, count: int) -> None:
        """Wait until so many answers are on record."""
        await self.until(lambda: len(self.exchanges()) >= count, f"{count} answers on record")

    def exchanges(self) -> list[Mapping[str, Any]]:
        """Return the answers on record, newest first."""
        path = f"/api/deployments/{backstop.DEPLOYMENT}/exchanges"
        return list(self.service.operators.get(path, limit=1000))


class Caller:
    """A caller with a token."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self._url = service.url
        self._session = session
        self._headers = {"Authorization": f"Bearer {service.caller}"}

    async def ask(self, **fields: Any) -> tuple[int, str, bytes]:
        """Return status, digest and body of an answer."""
        body = {"model": backstop.DEPLOYMENT, "messages": [{"role": "user", "content": "hi"}]}
        async with self._session.post(
            self._url + CHAT, json={**body, "max_tokens": 8, **fields}, headers=self._headers
        ) as answer:
            digest = answer.headers.get("x-adapter-digest", "")
            return answer.status, digest, await answer.read()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[VllmServer]:
    """A model server that behaves as vLLM does."""
    async with VllmServer(tmp_path).running() as server:
        yield server


@asynccontextmanager
async def serving(
    folder: Path, engine: VllmServer, url: str, **settings: Any
) -> AsyncIterator[tuple[Operator, Caller]]:
    """Run the service around a block; every process of it has ended afterwards."""
    running = backstop.running(
        folder,
        engine=engine.url,
        model=engine.model,
        database=postgres.new_database(url, f"fleet_{uuid4().hex}"),
        **settings,
    )
    service = await asyncio.to_thread(running.__enter__)
    try:
        async with aiohttp.ClientSession() as session:
            yield Operator(service), Caller(service, session)
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def _two_versions(operator: Operator, folder: Path) -> tuple[str, str]:
    """Make v1 serve, then v2; return their names."""
    names = []
    for seed, label in enumerate(("v1", "v2")):
        made = await operator.do(adapters.make, folder / label, seed)
        name = await operator.do(operator.service.add, made, label)
        await operator.do(operator.service.promote, name)
        names.append(name)
    return names[0], names[1]


async def test_versions_are_promoted_recorded_and_rolled_back(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """The whole way: load, serve, record, flip back, prove; two gateways follow every flip."""
    async with serving(tmp_path, engine, server_url, workers=2) as (operator, caller):
        assert (await caller.ask())[:2] == (200, "base")
        v1, v2 = await _two_versions(operator, tmp_path)
        assert {v1, v2} <= set(engine.adapters)
        for _ in range(8):  # whichever gateway takes the connection
            assert (await caller.ask())[:2] == (200, v2.partition("@")[2])
        incident = await operator.do(operator.service.roll_back, v1)
        assert incident["to_version"] == v1
        assert incident["phase"] in ("converged", "proved")
        for _ in range(8):
            assert (await caller.ask())[:2] == (200, v1.partition("@")[2])
        await operator.recorded(17)
        adapters_seen = {row["adapter"] for row in await operator.do(operator.exchanges)}
        assert adapters_seen == {None, v1, v2}


async def test_a_stream_comes_through_as_the_server_wrote_it(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """The same request straight to the server gives the same bytes, but for id and time."""
    async with serving(tmp_path, engine, server_url) as (operator, caller):
        status, _, through = await caller.ask(stream=True)
        body = {"model": engine.model, "stream": True, "max_tokens": 8}
        body["messages"] = [{"role": "user", "content": "hi"}]
        async with (
            aiohttp.ClientSession() as session,
            session.post(engine.url + CHAT, json=body) as answer,
        ):
            direct = await answer.read()
        assert status == 200
        assert _events(through) == _events(direct)
        await operator.recorded(1)


def _events(stream: bytes) -> list[Any]:
    """Return the events without what differs from answer to answer."""
    data = [line.removeprefix(b"data: ") for line in stream.splitlines() if line]
    found = [json.loads(each) for each in data if each != b"[DONE]"]
    return [{**each, "id": "", "created": 0} for each in found] + data[-1:]


@pytest.mark.parametrize("victim", ["scorer", "control", "gateway-0"])
async def test_a_process_that_is_killed_costs_no_answer_on_record(
    tmp_path: Path, engine: VllmServer, server_url: str, victim: str
) -> None:
    """It is started again; the other gateway answers, and every answer is recorded once."""
    async with serving(tmp_path, engine, server_url, workers=2) as (operator, caller):
        for _ in range(5):
            assert (await caller.ask())[0] == 200
        if victim == "gateway-0":  # what it has not handed over yet would die with it
            await operator.recorded(5)
        before = await operator.do(operator.service.kill, victim)
        answered = 5
        while answered < 25:
            try:
                status, _, _ = await caller.ask()
            except aiohttp.ClientError:  # it was on the line to the gateway that died
                continue
            assert status == 200
            answered += 1
        await operator.until(
            lambda: operator.service.processes().get(victim, before) != before, f"a new {victim}"
        )
        await operator.recorded(25)
        assert len(await operator.do(operator.exchanges)) == 25


async def test_a_server_that_came_back_empty_is_filled_again(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """The active version and its baseline are loaded without anybody asking for it."""
    async with serving(tmp_path, engine, server_url) as (operator, caller):
        v1, v2 = await _two_versions(operator, tmp_path)
        await engine.restart()
        await operator.until(lambda: {v1, v2} <= set(engine.adapters), "both versions")
        assert (await caller.ask())[:2] == (200, v2.partition("@")[2])


async def test_the_end_waits_for_a_stream_and_loses_no_record(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """SIGTERM in mid-stream: new requests are refused, the stream comes to its end, all is recorded."""
    async with serving(tmp_path, engine, server_url) as (operator, caller):
        service = operator.service
        engine.hold.clear()
        asked = asyncio.create_task(caller.ask(stream=True))
        await operator.until(
            lambda: service.metric("backstop_requests_in_flight") == 1, "a request in flight"
        )
        service.running.process.send_signal(signal.SIGTERM)
        async with aiohttp.ClientSession() as session, asyncio.timeout(_LIMIT_S):
            while (await session.get(f"{service.url}/readyz")).status != 503:
                continue
        assert (await caller.ask())[0] == 503
        engine.hold.set()
        status, _, body = await asked
        assert status == 200
        assert body.rstrip().endswith(b"data: [DONE]")
        assert await asyncio.to_thread(service.running.process.wait, _LIMIT_S) == 0
        rows = await asyncio.to_thread(_rows, service.database)
        assert rows == [("stop",)] or rows == [("length",)]


def _rows(database: str) -> list[tuple[str]]:
    from sqlalchemy import text

    from monitor.storage.database import open_engine, transaction

    engine = open_engine(database)
    try:
        with transaction(engine) as connection:
            return [
                tuple(row)
                for row in connection.execute(text("SELECT finish_reason FROM exchanges"))
            ]
    finally:
        engine.dispose()
