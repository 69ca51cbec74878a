"""The `openai` package against a real server with a real (tiny) model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest

from monitor.engines.local import LocalEngine
from monitor.runtime.routing import Route
from tests.integration.engines.conftest import VERSIONS, adapters, engine, model_dir, serving
from tests.serving import CALLER, Served, make_gateway, running

__all__ = ["adapters", "engine", "model_dir", "serving"]  # fixtures

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
async def served(serving: LocalEngine) -> AsyncIterator[Served]:
    """Return a running gateway that requires a token; `support` answers with an adapter."""
    served = make_gateway(serving, locked=True)
    served.gateway.router.swap(Route(deployment="support", active=VERSIONS[0], epoch=4))
    async with running(served):
        yield served


@pytest.fixture
async def client(served: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return the asynchronous client with a good token."""
    async with openai.AsyncOpenAI(
        base_url=f"{served.url}/v1", api_key=CALLER, max_retries=0
    ) as client:
        yield client


async def test_chat(client: openai.AsyncOpenAI) -> None:
    """A chat completion has text, a finish reason and counts that add up."""
    answer = await client.chat.completions.create(
        model="support",
        messages=[{"role": "user", "content": "hello"}],
        max_tokens=8,
        temperature=0,
    )
    assert answer.id.startswith("chatcmpl-")
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.system_fingerprint == VERSIONS[0]
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_a_stream_adds_up_to_the_whole_answer(client: openai.AsyncOpenAI) -> None:
    """The pieces of a stream are the answer in one part; usage comes last where it is asked for."""
    asked = {
        "model": "support",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 12,
        "temperature": 0,
    }
    whole = await client.chat.completions.create(**asked)  # type: ignore[call-overload]
    stream = await client.chat.completions.create(  # type: ignore[call-overload]
        **asked, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage == whole.usage
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert reasons[-1] == whole.choices[0].finish_reason
    assert not any(reasons[:-1])


async def test_completions_with_logprobs(client: openai.AsyncOpenAI) -> None:
    """A text completion reports each token with its log-probability and alternatives."""
    answer = await client.completions.create(
        model="plain", prompt="the router", max_tokens=5, temperature=0, logprobs=2
    )
    logprobs = answer.choices[0].logprobs
    assert answer.id.startswith("cmpl-")
    assert logprobs is not None
    assert logprobs.token_logprobs is not None
    assert len(logprobs.token_logprobs) == 5
    assert all(value is not None and value <= 0 for value in logprobs.token_logprobs)


async def test_chat_with_logprobs(client: openai.AsyncOpenAI) -> None:
    """A chat completion reports the tokens of its content."""
    answer = await client.chat.completions.create(
        model="plain",
        messages=[{"role": "user", "content": "hello"}],
        max_tokens=4,
        temperature=0,
        logprobs=True,
        top_logprobs=3,
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert all(len(token.top_logprobs) == 3 for token in logprobs.content)


async def test_streamed_completions_with_a_stop_string(client: openai.AsyncOpenAI) -> None:
    """A stop string ends a streamed text completion before it."""
    asked = {"model": "plain", "prompt": "the router", "max_tokens": 20, "temperature": 0}
    whole = (await client.completions.create(**asked)).choices[0].text  # type: ignore[call-overload]
    stop = whole[4:8]
    stream = await client.completions.create(**asked, stop=stop, stream=True)  # type: ignore[call-overload]
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole[: whole.index(stop)]
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_models(client: openai.AsyncOpenAI) -> None:
    """The list shows deployments with what answers; one can be asked for by name."""
    listed = [model async for model in await client.models.list()]
    assert [model.id for model in listed] == ["plain", "support"]
    support = (await client.models.retrieve("support")).model_dump()
    assert (support["root"], support["parent"]) == (VERSIONS[0], "tiny")
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nobody")


async def test_a_wrong_token(served: Served) -> None:
    """A wrong token raises the client's own authentication error."""
    async with openai.AsyncOpenAI(
        base_url=f"{served.url}/v1", api_key="wrong", max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


async def test_bad_requests(client: openai.AsyncOpenAI) -> None:
    """Unknown models and impossible fields raise the client's own errors."""
    messages = [{"role": "user", "content": "hello"}]
    with pytest.raises(openai.NotFoundError, match="plain, support"):
        await client.chat.completions.create(model="suport", messages=messages)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="n must be 1"):
        await client.chat.completions.create(model="plain", messages=messages, n=2)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="tokens"):
        await client.completions.create(model="plain", prompt="invoice " * 500)


async def test_feedback(served: Served, client: openai.AsyncOpenAI) -> None:
    """Feedback refers to an answer by its id."""
    answer = await client.completions.create(model="plain", prompt="hi", max_tokens=2)
    served.feedback.known.add(answer.id)
    await client.post("/feedback", cast_to=object, body={"id": answer.id, "score": 1})
    assert served.feedback.scores == [(answer.id, 1.0, None)]


async def test_a_closed_stream_is_on_the_record(served: Served, client: openai.AsyncOpenAI) -> None:
    """A client that closes its stream early leaves a record of what was written."""
    stream = await client.completions.create(
        model="support", prompt="the router", max_tokens=100, stream=True, temperature=0
    )
    await anext(aiter(stream))
    await stream.close()
    (exchange,) = await served.exchanges()
    assert exchange.output
    assert exchange.adapter == VERSIONS[0]


async def test_the_synchronous_client(served: Served) -> None:
    """The synchronous client, in a thread, is served as well."""

    def ask() -> tuple[str | None, list[str]]:
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key=CALLER, max_retries=0) as client:
            messages = [{"role": "user", "content": "hello"}]
            whole = client.chat.completions.create(
                model="support",
                messages=messages,
                max_tokens=6,
                temperature=0,  # type: ignore[arg-type]
            )
            stream = client.chat.completions.create(
                model="support",
                messages=messages,
                max_tokens=6,
                temperature=0,
                stream=True,  # type: ignore[arg-type]
            )
            parts = [chunk.choices[0].delta.content or "" for chunk in stream]
            return whole.choices[0].message.content, parts

    whole, parts = await asyncio.to_thread(ask)
    assert "".join(parts) == whole
