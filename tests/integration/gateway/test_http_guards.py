"""Blocking guards in front of the local engine, seen by callers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from guards.exchange import FinishReason
from guards.guarded import GuardVerdict
from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError
from monitor.ports.engine import Generation
from tests.guarding import Oracle, away, endings_of, frames_of, guarding, said_in
from tests.serving import VERSION, Served, make_gateway, running

pytestmark = pytest.mark.integration


def answers(generation: Generation, _version: str | None) -> Iterable[str]:
    """Write what the prompt asks for."""
    prompt = generation.messages[-1].content
    if prompt == "break":
        return _failing()
    return (
        "Write ",
        "to ",
        *(("anna.", "schmidt@gmail.com", " and ", "wait") if prompt == "leak" else ("us", ".")),
    )


def _failing() -> Iterator[str]:
    yield "Write to "
    yield "anna.schm"
    raise EngineError("a step of the model failed")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Return a running gateway with a guard against personal data."""
    engine = MemoryEngine(answers)
    await engine.load(VERSION, tmp_path)
    made = make_gateway(engine)
    made.gateway.guards = {"support": guarding()}
    async with running(made) as served:
        yield served


async def ask(served: Served, prompt: str, **fields: Any) -> tuple[aiohttp.ClientResponse, bytes]:
    """Ask `support` for a chat."""
    asked = {"model": "support", "messages": [{"role": "user", "content": prompt}], **fields}
    async with (
        aiohttp.ClientSession(served.url) as http,
        http.post("/v1/chat/completions", json=asked) as response,
    ):
        return response, await response.read()


async def test_a_blocked_stream_ends_for_content_filter(served: Served) -> None:
    """What was cleared has gone out, with its log-probabilities and no others; the engine is stopped."""
    _, body = await ask(served, "leak", stream=True, logprobs=True)
    frames = frames_of(body)
    assert said_in(frames) == "Write to "
    assert endings_of(frames) == {0: "content_filter"}
    assert frames[-1]["choices"][0]["backstop"]["found"] == {"personal_data.email": 1}
    assert b"anna" not in body
    (exchange,) = await served.exchanges()
    assert exchange.guarded is not None
    assert exchange.guarded.verdict is GuardVerdict.BLOCK
    assert exchange.finish_reason is FinishReason.INCOMPLETE


async def test_a_blocked_whole_answer_is_empty(served: Served) -> None:
    """A header says why."""
    response, body = await ask(served, "leak", logprobs=True)
    (choice,) = json.loads(body)["choices"]
    assert response.headers["X-Backstop-Guard"] == "blocked"
    assert (choice["message"]["content"], choice["logprobs"]) == ("", None)
    assert choice["finish_reason"] == "content_filter"
    assert b"anna" not in body


async def test_a_harmless_answer_arrives_whole(served: Served) -> None:
    """As a stream and in one part, with every log-probability."""
    _, body = await ask(served, "hello", stream=True, logprobs=True)
    frames = frames_of(body)
    given = [choice["logprobs"] for each in frames for choice in each["choices"]]
    assert said_in(frames) == "Write to us."
    assert endings_of(frames) == {0: "stop"}
    assert [t["token"] for each in given if each for t in each["content"]] == [
        "Write ",
        "to ",
        "us",
        ".",
    ]
    response, body = await ask(served, "hello")
    assert json.loads(body)["choices"][0]["message"]["content"] == "Write to us."
    assert "X-Backstop-Guard" not in response.headers


async def test_an_engine_that_fails_releases_nothing_that_was_held(served: Served) -> None:
    """The cleared prefix, then the error."""
    _, body = await ask(served, "break", stream=True)
    *frames, error = frames_of(body)
    assert said_in(frames) == "Write to "
    assert error["error"]["code"] == "engine_error"
    assert b"anna" not in body


async def test_a_guard_that_cannot_say_blocks(served: Served) -> None:
    """It fails closed, in a stream and in a whole answer."""
    served.gateway.guards = {"support": guarding({}, oracles=[Oracle(away)])}
    _, body = await ask(served, "hello", stream=True)
    assert said_in(frames_of(body)) == ""
    assert endings_of(frames_of(body)) == {0: "content_filter"}
    _, body = await ask(served, "hello")
    assert json.loads(body)["choices"][0]["backstop"]["unchecked"] == ["oracle"]


async def test_a_stream_is_held_for_so_long_and_no_longer(served: Served) -> None:
    """An answer that takes longer than a guard may wait is blocked."""
    served.gateway.guards = {"support": guarding({}, oracles=[Oracle(lambda _: None)], limit_s=0.0)}
    _, body = await ask(served, "hello", stream=True)
    assert endings_of(frames_of(body)) == {0: "content_filter"}
