"""The gateway's answers over HTTP, with an engine from memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from guards.exchange import FinishReason
from monitor.engines.memory import MemoryEngine
from monitor.errors import BadRequest, EngineError, Unavailable
from monitor.ports.engine import Generation
from monitor.runtime.routing import Route
from tests.serving import CALLER, OPERATOR, VERSION, Served, make_gateway, running

pytestmark = pytest.mark.integration

HELLO = [{"role": "user", "content": "say hello"}]


def answers(generation: Generation, _version: str | None) -> Iterable[str]:
    """Say hello; fail where the prompt asks for it."""
    prompt = generation.messages[-1].content
    if prompt == "too long":
        raise BadRequest("the prompt has 900 tokens and this model takes at most 511")
    if prompt == "away":
        raise Unavailable("the engine is closed")
    return _failing() if prompt == "break" else ("Hel", "lo ", "there")


def _failing() -> Iterator[str]:
    yield "Hel"
    raise EngineError("a step of the model failed")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Return a running gateway without caller tokens."""
    engine = MemoryEngine(answers)
    await engine.load(VERSION, tmp_path)
    async with running(make_gateway(engine, places=2)) as served:
        yield served


@pytest.fixture
async def http(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client."""
    async with aiohttp.ClientSession(served.url) as session:
        yield session


async def chat(http: aiohttp.ClientSession, **fields: Any) -> tuple[aiohttp.ClientResponse, Any]:
    """Ask `support` and return the answer with its JSON."""
    body = {"model": "support", "messages": HELLO, **fields}
    async with http.post("/v1/chat/completions", json=body) as response:
        return response, await response.json()


async def test_an_answer_carries_its_id_and_the_adapter(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """The headers say who answered, and the id of the answer is that of its exchange."""
    async with http.post(
        "/v1/chat/completions",
        json={"model": "support", "messages": HELLO},
        headers={"X-Request-Id": "abc-1"},
    ) as response:
        answer = await response.json()
    assert response.headers["X-Request-Id"] == "abc-1"
    assert response.headers["X-Adapter-Digest"] == "3f9a2c1d7b04"
    (exchange,) = await served.exchanges()
    assert exchange.id == answer["id"]
    assert exchange.tags == {"request_id": "abc-1"}


async def test_a_finished_answer_is_recorded_with_its_facts(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """Deployment, version, epoch, times and token log-probabilities are on the record."""
    await chat(http)
    (exchange,) = await served.exchanges()
    assert (exchange.deployment, exchange.adapter, exchange.epoch) == ("support", VERSION, 3)
    assert exchange.output == "Hello there"
    assert exchange.token_logprobs == (-0.5, -0.5, -0.5)
    assert (exchange.prompt_tokens, exchange.output_tokens) == (2, 3)
    assert exchange.finish_reason is FinishReason.STOP
    assert exchange.latency_s is not None
    assert exchange.first_token_s is not None
    assert 0 <= exchange.first_token_s <= exchange.latency_s


async def test_an_engine_failure_is_a_502_and_on_the_record(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """A whole answer that fails half-way is an error for the caller and a fault on the record."""
    response, answer = await chat(http, messages=[{"role": "user", "content": "break"}])
    assert response.status == 502
    assert answer["error"]["type"] == "server_error"
    (exchange,) = await served.exchanges()
    assert exchange.finish_reason is FinishReason.ERROR
    assert exchange.error == "a step of the model failed"
    assert exchange.output == "Hel"


async def test_a_failure_in_mid_stream_is_an_error_frame_and_done(
    http: aiohttp.ClientSession,
) -> None:
    """A stream that breaks says so and ends as clients expect."""
    body = {
        "model": "support",
        "stream": True,
        "messages": [{"role": "user", "content": "break"}],
    }
    async with http.post("/v1/chat/completions", json=body) as response:
        frames = (await response.text()).strip().split("\n\n")
    assert response.status == 200
    assert "error" in json.loads(frames[-2].removeprefix("data: "))
    assert frames[-1] == "data: [DONE]"


@pytest.mark.parametrize(("prompt", "status"), [("too long", 400), ("away", 503)])
async def test_what_no_version_is_to_blame_for_is_not_recorded(
    served: Served, http: aiohttp.ClientSession, prompt: str, status: int
) -> None:
    """A prompt nobody could answer and an engine that is away are no fault of the adapter."""
    response, answer = await chat(http, stream=True, messages=[{"role": "user", "content": prompt}])
    assert response.status == status
    assert answer["error"]["message"]
    assert served.handed.depth == 0


async def test_an_unknown_model_names_the_known_ones(http: aiohttp.ClientSession) -> None:
    """A wrong name is a 404 that helps."""
    response, answer = await chat(http, model="suport")
    assert response.status == 404
    assert "plain, support" in answer["error"]["message"]
    assert answer["error"]["code"] == "model_not_found"


async def test_bad_json_and_large_bodies_are_refused(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """Broken JSON is a 400; a body over the limit is a 413, also without a declared length."""
    async with http.post("/v1/completions", data=b"{") as broken:
        assert broken.status == 400
    served.gateway.max_body_bytes = 1000
    async with http.post("/v1/completions", data=b"x" * 2000) as declared:
        assert declared.status == 413
    async with http.post("/v1/completions", data=_chunks()) as streamed:
        assert streamed.status == 413


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(4):
        yield b"x" * 500


async def test_a_full_house_is_a_429_and_draining_a_503(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """More requests than places, and requests while the service ends, are told to come back."""
    served.gateway.in_flight = 2
    full, _ = await chat(http)
    assert (full.status, full.headers["Retry-After"]) == (429, "1")
    served.gateway.in_flight = 0
    served.gateway.draining = True
    draining, _ = await chat(http)
    assert draining.status == 503


async def test_a_callers_schema_is_not_judged_by(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """It decides nothing about the version that answers; the operator's does, in the scorer."""
    refusing = {"type": "json_schema", "json_schema": {"schema": {"not": {}}}}
    await chat(http, response_format=refusing)
    (exchange,) = await served.exchanges()
    assert exchange.response_schema is None


async def test_an_answer_that_the_callers_wish_may_have_ended_says_so(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """A caller's stop strings are recorded as what may have ended the answer."""
    await chat(http, stop=["e", "a"])
    await chat(http)
    stopped, free = await served.exchanges()
    assert stopped.ended_by_caller
    assert not free.ended_by_caller


async def test_only_operators_may_name_a_version(tmp_path: Path) -> None:
    """A version by name is for probes: others get a 404, and such answers are not recorded."""
    engine = MemoryEngine(answers)
    await engine.load(VERSION, tmp_path)
    statuses = {}
    async with (
        running(make_gateway(engine, locked=True)) as served,
        aiohttp.ClientSession(served.url) as http,
    ):
        for token in (CALLER, OPERATOR):
            async with http.post(
                "/v1/chat/completions",
                json={"model": VERSION, "messages": HELLO},
                headers={"Authorization": f"Bearer {token}"},
            ) as response:
                statuses[token] = response.status
    assert statuses == {CALLER: 404, OPERATOR: 200}
    assert served.handed.depth == 0


async def test_requests_under_way_end_on_the_version_they_began_with(tmp_path: Path) -> None:
    """A swap in the middle of an answer changes nothing for it, and everything for the next."""
    pace = asyncio.Semaphore(0)
    engine = MemoryEngine(answers, pace)
    await engine.load(VERSION, tmp_path)
    async with (
        running(make_gateway(engine)) as served,
        aiohttp.ClientSession(served.url) as http,
    ):
        under_way = asyncio.ensure_future(chat(http))
        await engine.busy.wait()
        served.gateway.router.swap(Route(deployment="support", active=None, epoch=4))
        later = asyncio.ensure_future(chat(http))
        for _ in range(6):  # three tokens each
            pace.release()
        begun, _ = await under_way
        after, _ = await later
    assert begun.headers["X-Adapter-Digest"] == "3f9a2c1d7b04"
    assert after.headers["X-Adapter-Digest"] == "base"


async def test_feedback_reaches_its_taker_and_bad_feedback_does_not(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """A score for a known answer is taken; unknown answers and scores outside [0, 1] are not."""
    served.feedback.known.add("chatcmpl-1")
    statuses = []
    for body in (
        {"id": "chatcmpl-1", "score": 0.5, "comment": "so so"},
        {"id": "chatcmpl-2", "score": 1},
        {"id": "chatcmpl-1", "score": 2},
        {"id": "chatcmpl-1"},
    ):
        async with http.post("/v1/feedback", json=body) as response:
            statuses.append(response.status)
    assert statuses == [200, 404, 400, 400]
    assert served.feedback.scores == [("chatcmpl-1", 0.5, "so so")]
