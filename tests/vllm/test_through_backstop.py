"""A real vLLM behind Backstop: load, serve two versions, stream, roll back under load, come back empty."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from bench.peers import backstop, postgres
from bench.peers.backstop import Service
from tests.integration.conftest import server_url, short_path
from tests.vllm.process import RealVllm

__all__ = ["server_url", "short_path"]  # fixtures

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

_CALLERS = 8
_LIMIT_S = 60.0


@pytest.fixture
async def service(vllm: RealVllm, server_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    """Backstop in front of the server, with its own Postgres."""
    running = backstop.running(
        tmp_path,
        engine=vllm.url,
        model=vllm.model,
        database=postgres.new_database(server_url, f"vllm_{uuid4().hex}"),
        workers=2,
    )
    service = await asyncio.to_thread(running.__enter__)
    yield service
    await asyncio.to_thread(running.__exit__, None, None, None)


async def _serve_two(service: Service, vllm: RealVllm) -> tuple[str, str]:
    """Promote two versions, one after the other; return their names."""
    names = []
    for label, version in zip(("v1", "v2"), vllm.versions, strict=False):
        name = await asyncio.to_thread(service.add, vllm.folder / version, label)
        await asyncio.to_thread(service.promote, name)
        names.append(name)
    return names[0], names[1]


async def _stream(session: aiohttp.ClientSession, service: Service) -> tuple[int, str, set[str]]:
    """Return status, digest and every model that the events of a stream name."""
    body = {
        "model": backstop.DEPLOYMENT,
        "messages": [{"role": "user", "content": "Where is my money?"}],
        "max_tokens": 24,
        "ignore_eos": True,
        "stream": True,
    }
    headers = {"Authorization": f"Bearer {service.caller}"}
    url = f"{service.url}/v1/chat/completions"
    async with session.post(url, json=body, headers=headers) as answer:
        lines = (await answer.read()).splitlines()
        events = [
            line[6:] for line in lines if line.startswith(b"data: ") and b"[DONE]" not in line
        ]
        assert lines[-2] == b"data: [DONE]"
        models = {json.loads(event)["model"] for event in events}
        return answer.status, answer.headers["x-adapter-digest"], models


async def test_a_rollback_under_load_is_proved_and_mixes_no_answer(
    service: Service, vllm: RealVllm
) -> None:
    """Streams go on while the pointer moves; each is one version's, and the later ones the old one's."""
    v1, v2 = await _serve_two(service, vllm)
    seen: list[tuple[str, set[str]]] = []
    over = asyncio.Event()

    async def call(session: aiohttp.ClientSession) -> None:
        while not over.is_set():
            status, digest, models = await _stream(session, service)
            assert status == 200
            seen.append((digest, models))

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as callers:
        for _ in range(_CALLERS):
            callers.create_task(call(session))
        while len(seen) < 2 * _CALLERS:
            await _stream(session, service)
        incident = await asyncio.to_thread(service.roll_back, v1)
        after = len(seen)
        while len(seen) < after + 3 * _CALLERS:
            await _stream(session, service)
        over.set()
    assert (incident["to_version"], incident["phase"]) == (v1, "proved")
    assert all(models == {f"{v1.partition('@')[0]}@{digest}"} for digest, models in seen)
    late = Counter(digest for digest, _ in seen[after + _CALLERS :])
    assert set(late) == {v1.partition("@")[2]}
    assert {digest for digest, _ in seen} == {v.partition("@")[2] for v in (v1, v2)}


async def test_a_server_that_was_killed_serves_again_by_itself(
    service: Service, vllm: RealVllm
) -> None:
    """It comes back empty, is filled within seconds, and answers by the version that was active."""
    _, v2 = await _serve_two(service, vllm)
    await vllm.restart()
    async with aiohttp.ClientSession() as session, asyncio.timeout(_LIMIT_S):
        while (await session.get(f"{service.url}/readyz")).status != 200:
            continue
        names: set[str] = set()
        while v2 not in names:
            async with session.get(f"{vllm.url}/v1/models") as answer:
                names = {card["id"] for card in (await answer.json())["data"]}
        status, digest, models = await _stream(session, service)
    assert (status, digest, models) == (200, v2.partition("@")[2], {v2})
