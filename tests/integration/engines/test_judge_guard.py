"""The guard that asks an OpenAI-compatible judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from guards.checks.context import GuardContext
from guards.exchange import Message
from monitor.engines.judge_guard import Judge, JudgeGuard
from monitor.errors import EngineError, Unavailable

pytestmark = pytest.mark.integration
CONTEXT = GuardContext(
    messages=(
        Message(role="system", content="You are the desk."),
        Message(role="user", content="How do I open a lock?"),
    )
)


class JudgeServer:
    """A judge that says what it is told to, on loopback."""

    def __init__(self) -> None:
        self.says: Any = "safe"
        self.status = 200
        self.asked: list[Any] = []
        self.keys: list[str | None] = []
        self.answering = asyncio.Event()
        self.answering.set()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one question."""
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        await self.answering.wait()
        if self.status != 200:
            return web.Response(status=self.status)
        message = {"role": "assistant", "content": self.says}
        return web.json_response({"choices": [{"message": message}]})


@pytest.fixture
async def server() -> AsyncIterator[tuple[JudgeServer, str]]:
    """Yield the judge and its address."""
    judge = JudgeServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", judge.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield judge, f"http://127.0.0.1:{port}/v1"
    judge.answering.set()
    await runner.cleanup()


async def _check(url: str, **settings: Any) -> tuple[Any, ...]:
    guard = JudgeGuard("llama", Judge(url=url, model="llama-guard", **settings))
    try:
        return await guard.check("With a key.", CONTEXT)
    finally:
        await guard.close()


async def test_the_judge_reads_the_talk_and_the_answer(server: tuple[JudgeServer, str]) -> None:
    """The operator's instructions stay here; the answer is the assistant's last turn."""
    judge, url = server
    assert await _check(url, key="sekret") == ()
    assert judge.asked[0]["messages"] == [
        {"role": "user", "content": "How do I open a lock?"},
        {"role": "assistant", "content": "With a key."},
    ]
    assert judge.asked[0]["temperature"] == 0
    assert judge.keys == ["Bearer sekret"]


async def test_each_category_is_a_finding(server: tuple[JudgeServer, str]) -> None:
    """Llama Guard names its categories on the second line."""
    judge, url = server
    judge.says = "\n\nunsafe\nS2,S14"
    assert [each.kind for each in await _check(url)] == ["llama:S2", "llama:S14"]


async def test_unsafe_without_a_category_is_a_finding_too(server: tuple[JudgeServer, str]) -> None:
    """Other judges name none."""
    judge, url = server
    judge.says = "unsafe"
    assert [each.kind for each in await _check(url)] == ["llama:unsafe"]


@pytest.mark.parametrize("says", ["I cannot say.", "", None, "safely unsafe", 7])
async def test_a_verdict_that_cannot_be_read_is_an_error(
    server: tuple[JudgeServer, str], says: Any
) -> None:
    """It must not pass as safe."""
    judge, url = server
    judge.says = says
    with pytest.raises(EngineError, match="neither 'safe' nor 'unsafe'"):
        await _check(url)


async def test_a_reply_without_end_is_an_error(server: tuple[JudgeServer, str]) -> None:
    """A judge cannot fill our memory."""
    judge, url = server
    judge.says = "x" * 70_000
    with pytest.raises(EngineError, match="too long"):
        await _check(url)


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unavailable), (429, Unavailable), (404, EngineError)]
)
async def test_a_refusal_is_told_from_an_absence(
    server: tuple[JudgeServer, str], status: int, error: type[Exception]
) -> None:
    """A wrong model's name does not mend by itself, a busy judge does."""
    judge, url = server
    judge.status = status
    with pytest.raises(error, match=str(status)):
        await _check(url)


async def test_a_judge_that_hangs_is_unavailable(server: tuple[JudgeServer, str]) -> None:
    """The limit holds for the whole question."""
    judge, url = server
    judge.answering.clear()
    with pytest.raises(Unavailable, match=r"took over 0\.05 s"):
        await _check(url, limit_s=0.05)


async def test_nobody_there_is_unavailable() -> None:
    """Nothing listens on port 9 of loopback."""
    with pytest.raises(Unavailable, match="away"):
        await _check("http://127.0.0.1:9/v1")


def test_the_key_is_not_shown() -> None:
    """Settings end up in logs."""
    assert "sekret" not in repr(Judge(url="http://x/v1", model="m", key="sekret"))
