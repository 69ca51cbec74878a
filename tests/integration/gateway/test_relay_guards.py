"""Blocking guards in the relay, seen by callers over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

import openai
import pytest

from guards.guarded import GuardVerdict
from monitor.engines.judge_guard import Judge, JudgeGuard
from monitor.gateway import reading
from monitor.gateway.guarding.request import Guarding
from monitor.gateway.relay.guarded import RelayGuards
from monitor.gateway.relay.guards import BlockingGuards
from monitor.ports.handover import Ending
from monitor.runtime.loop_lag import LoopLag
from tests.guarding import (
    EMAIL,
    Oracle,
    endings_of,
    event,
    frames_of,
    guarding,
    said_in,
    stream_of,
)
from tests.integration.gateway.test_relay_failures import dying, hanging
from tests.relaying import (
    CHAT,
    DONE,
    END,
    EVENT,
    STREAM_HEAD,
    Peer,
    Relaying,
    Script,
    always,
    answer_of,
    chat_body,
    chunk,
    post,
    relaying,
    scripted,
    whole,
)

pytestmark = pytest.mark.integration


def by(guards: Guarding) -> Mapping[str, BlockingGuards]:
    """Return guards of the deployment `support`."""
    return {"support": RelayGuards(guards)}


def writing(*texts: str) -> Script:
    """Return an engine that streams these texts."""
    return always(STREAM_HEAD, *(chunk(event(text)) for text in texts), chunk(stream_of()), END)


async def test_a_blocked_stream_stops_the_engine_and_is_recorded() -> None:
    """The caller gets the prefix and a clean end, the engine sees him leave, the record says why."""
    gone = asyncio.Event()

    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD, chunk(event("Write to ")), chunk(event(f"{EMAIL} and more ")))
        await peer.gone()
        gone.set()

    async with relaying(endless, guards=by(guarding())) as relay:
        status, headers, body = await relay.chat(stream=True)
        await asyncio.wait_for(gone.wait(), 5)
        relayed = await relay.book.next()
    assert status == b"HTTP/1.1 200 OK"
    assert headers[b"content-type"] == b"text/event-stream"
    assert said_in(frames_of(body)) == "Write to "
    assert endings_of(frames_of(body)) == {0: "content_filter"}
    assert relayed.ending is Ending.BLOCKED
    (exchange,) = reading.read(relayed)
    assert exchange.guarded is not None
    assert exchange.guarded.verdict is GuardVerdict.BLOCK
    assert exchange.guarded.kinds == {"personal_data.email": 1}
    assert not exchange.is_complete  # so that what a guard cut is no fault of the version


async def test_openai_s_client_ends_cleanly_on_a_blocked_stream() -> None:
    """The reason is one that the client knows, and the detail is in the extension field."""
    engine = writing("Please write ", "to ", EMAIL, " and wait.")
    async with relaying(engine, guards=by(guarding())) as relay, _client(relay.url) as client:
        stream = await client.chat.completions.create(
            model="support", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        chunks = [each async for each in stream]
    choices = [choice for each in chunks for choice in each.choices]
    assert "".join(each.delta.content or "" for each in choices) == "Please write to "
    assert choices[-1].finish_reason == "content_filter"
    assert choices[-1].model_extra is not None
    assert choices[-1].model_extra["backstop"]["guard"] == "blocked"


async def test_openai_s_client_reads_a_blocked_whole_answer() -> None:
    """The choice is empty, and a header says what happened."""
    said = {"role": "assistant", "content": f"Write to {EMAIL}"}
    given = {
        "id": "a-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 5, "total_tokens": 7},
    }  # fmt: skip
    engine = always(whole(json.dumps(given).encode()))
    async with relaying(engine, guards=by(guarding())) as relay, _client(relay.url) as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="support", messages=[{"role": "user", "content": "hi"}]
        )
    answer = raw.parse()
    assert raw.headers["x-backstop-guard"] == "blocked"
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].finish_reason == "content_filter"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 7


def _client(url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


async def test_other_deployments_are_relayed_byte_for_byte() -> None:
    """Who has no blocking guard is not looked into."""
    odd = chunk(b': odd\ndata:   {"choices" : [ ], "x":1}\n\n' + EVENT + DONE)
    async with relaying(always(STREAM_HEAD, odd, END), guards=by(guarding())) as relay:
        _, _, body = await relay.chat(stream=True, model="plain")
        assert body == b': odd\ndata:   {"choices" : [ ], "x":1}\n\n' + EVENT + DONE
        relayed = await relay.book.next()
    assert relayed.guarded == {}


async def test_a_compressed_answer_is_blocked() -> None:
    """It was asked for uncompressed: nobody looks into it, so nobody gets it."""
    body = gzip.compress(json.dumps({"choices": []}).encode())
    guards = guarding()
    script = always(whole(body, more=b"Content-Encoding: gzip\r\n"))
    async with relaying(script, guards=by(guards)) as relay:
        _, headers, got = await relay.chat()
    assert b"content-encoding" not in headers
    assert headers[b"x-backstop-guard"] == b"blocked"
    assert json.loads(got)["choices"][0]["finish_reason"] == "content_filter"
    head = STREAM_HEAD.replace(b"Transfer", b"Content-Encoding: gzip\r\nTransfer")
    script = always(head, chunk(gzip.compress(stream_of("Hello"))), END)
    async with relaying(script, guards=by(guards)) as relay:
        _, _, got = await relay.chat(stream=True)
    assert endings_of(frames_of(got)) == {0: "content_filter"}
    assert guards.counts.counts["support", "personal_data", "block", "failed_closed"] == 2


async def test_an_answer_beyond_the_bound_is_blocked() -> None:
    """The guard would have to hold it: it fails closed."""
    said = json.dumps({"choices": [{"index": 0, "message": {"content": "x" * 5_000}}]})
    guards = guarding(most_bytes=1_000)
    async with relaying(always(whole(said.encode())), guards=by(guards)) as relay:
        _, _, got = await relay.chat()
    assert json.loads(got)["choices"][0]["backstop"]["unchecked"] == ["personal_data"]


async def test_an_engine_that_dies_releases_nothing_that_was_held() -> None:
    """The prefix that was cleared, an error frame, the end: the word that waited is lost."""
    script = dying(STREAM_HEAD, chunk(event("Write to ")), chunk(event("anna.schm")))
    async with relaying(script, guards=by(guarding())) as relay:
        _, _, body = await relay.chat(stream=True)
        relayed = await relay.book.next()
    *frames, error = frames_of(body)
    assert said_in(frames) == "Write to "
    assert error["error"]["code"] == "engine_error"
    assert b"anna" not in body
    assert relayed.ending is Ending.BROKEN


async def test_a_caller_who_leaves_while_his_answer_is_held_stops_the_engine() -> None:
    """The engine's connection is closed at once, and the exchange is abandoned."""
    gone = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD, chunk(event("Hello ")), chunk(event("anna.schm")))
        await peer.gone()
        gone.set()

    async with relaying(slow, guards=by(guarding())) as relay:
        reader, writer = await relay.connect()
        writer.write(post(CHAT, chat_body(stream=True)))
        await reader.readuntil(b"Hello")
        writer.close()
        await asyncio.wait_for(gone.wait(), 5)
        relayed = await relay.book.next()
    assert relayed.ending is Ending.ABANDONED
    assert relayed.guarded == {}


async def test_a_stream_is_held_for_so_long_and_no_longer() -> None:
    """A guard that needs the whole answer of an engine that never ends it fails closed."""
    guards = guarding({}, oracles=[Oracle(lambda _text: None)], limit_s=0.2)
    async with relaying(hanging(STREAM_HEAD, chunk(event("Hello "))), guards=by(guards)) as relay:
        _, _, body = await relay.chat(stream=True)
        relayed = await relay.book.next()
    assert said_in(frames_of(body)) == ""
    assert endings_of(frames_of(body)) == {0: "content_filter"}
    assert relayed.ending is Ending.BLOCKED
    assert guards.counts.counts["support", "oracle", "block", "failed_closed"] == 1


async def test_a_guard_that_is_asked_too_long_fails_closed() -> None:
    """An oracle that hangs lets nothing pass."""
    oracle = Oracle(lambda _text: None)
    oracle.free.clear()
    guards = guarding({}, oracles=[oracle], limit_s=0.2)
    async with relaying(writing("Hello "), guards=by(guards)) as relay:
        _, _, body = await relay.chat(stream=True)
    assert said_in(frames_of(body)) == ""
    assert endings_of(frames_of(body)) == {0: "content_filter"}


async def test_a_judge_that_is_killed_blocks_and_one_that_is_back_does_not() -> None:
    """Without the judge nothing passes; nobody has to start anything anew."""
    verdict = json.dumps({"choices": [{"message": {"content": "safe"}}]}).encode()
    alive = asyncio.Event()
    alive.set()

    async def judging(peer: Peer) -> None:
        await peer.request()
        if alive.is_set():
            await peer.send(whole(verdict, more=b"Connection: close\r\n"))

    async def said(relay: Relaying) -> str:
        _, _, body = await relay.chat(stream=True)
        return said_in(frames_of(body))

    async with scripted(judging) as server:
        judge = JudgeGuard("judge", Judge(url=f"http://127.0.0.1:{server.port}/v1", model="g"))
        guards = guarding({}, oracles=[judge])
        async with relaying(writing("Hello "), guards=by(guards)) as relay:
            assert await said(relay) == "Hello "
            alive.clear()
            assert await said(relay) == ""
            alive.set()
            assert await said(relay) == "Hello "
        await judge.close()
    counted = {outcome: count for (*_, outcome), count in guards.counts.counts.items()}
    assert counted == {"pass": 2, "failed_closed": 1}


async def test_an_engine_s_error_is_relayed_as_it_is() -> None:
    """It is no answer of the model."""
    error = b'{"error": {"message": "no"}}'
    async with relaying(always(whole(error, "400 Bad Request")), guards=by(guarding())) as relay:
        status, _, body = await relay.chat()
    assert status == b"HTTP/1.1 400 Bad Request"
    assert body == error


@pytest.mark.slow
async def test_two_hundred_streams_at_once_are_each_guarded_alone() -> None:
    """Every other one holds an address; no one gets what another's guard holds."""

    async def script(peer: Peer) -> None:
        asked = json.loads((await peer.request()).body)["messages"][0]["content"]
        number = int(asked)
        told = EMAIL if number % 2 else "our office"
        texts = (f"Number {number}: ", "write to ", told, " today. ")
        await peer.send(
            STREAM_HEAD, *(chunk(event(text)) for text in texts), chunk(stream_of()), END
        )

    async with relaying(script, guards=by(guarding())) as relay:

        async def ask(number: int) -> tuple[int, list[dict[str, Any]]]:
            reader, writer = await relay.connect()
            asked = [{"role": "user", "content": str(number)}]
            writer.write(post(CHAT, chat_body(stream=True, messages=asked)))
            _, _, body = await asyncio.wait_for(answer_of(reader), 20)
            writer.close()
            return number, frames_of(body)

        answers = await asyncio.gather(*map(ask, range(200)))
    for number, frames in answers:
        odd = bool(number % 2)
        rest = "write to " if odd else "write to our office today. "
        assert said_in(frames) == f"Number {number}: {rest}"
        assert endings_of(frames) == {0: "content_filter" if odd else "stop"}


@pytest.mark.slow
async def test_a_hostile_answer_does_not_hold_other_callers_up() -> None:
    """A hundred thousand characters that guards are slow on: the loop is never gone for long."""
    hostile = json.dumps(
        {"choices": [{"index": 0, "message": {"content": "12 " * 33_000}, "finish_reason": "stop"}]}
    ).encode()
    lag = LoopLag()
    async with relaying(always(whole(hostile)), guards=by(guarding())) as relay:
        watching = asyncio.create_task(lag.run())
        await relay.chat()
        watching.cancel()
    assert lag.most_s < 0.25  # on a busy machine; docs/guards.md has the figure of a quiet one
