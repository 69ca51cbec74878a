"""Answers of a model server through the relay: the server's own bytes."""

from __future__ import annotations

import asyncio
import json

import pytest

from monitor.gateway.allowance import Allowance
from monitor.ports.handover import Dialect, Ending
from monitor.runtime.routing import Route
from rollback.dealing import Dealt, deal
from tests.relaying import (
    CHAT,
    DONE,
    END,
    EVENT,
    STREAM_HEAD,
    WHOLE,
    Peer,
    always,
    chat_body,
    chunk,
    once,
    post,
    relaying,
    whole,
)
from tests.serving import VERSION

pytestmark = pytest.mark.integration

STREAMS = {
    "plain": EVENT + EVENT + DONE,
    "CR LF": (EVENT + DONE).replace(b"\n", b"\r\n"),
    "CR alone": (EVENT + DONE).replace(b"\n", b"\r"),
    "mixed ends": EVENT.replace(b"\n\n", b"\r\n\n") + EVENT.replace(b"\n", b"\r") + DONE,
    "byte order mark": b"\xef\xbb\xbf" + EVENT + DONE,
    "no DONE": EVENT,
    "two DONE": EVENT + DONE + DONE,
    "after DONE": EVENT + DONE + EVENT,
    "no JSON": b"data: {oops\n\n: note\n\nid\n\n" + DONE,
    "accents": 'data: {"choices":[{"delta":{"content":"žluťoučký 🐎"}}]}\n\n'.encode() + DONE,
    "no last line": EVENT + b"data: [DONE]",
    "nothing": b"",
}


async def test_a_whole_answer_is_relayed_as_it_is() -> None:
    """Status, headers and body are the engine's, and two headers are ours."""
    answer = whole(more=b"X-Engine: one\r\nx-engine: two\r\nKeep-Alive: timeout=5\r\n")
    async with relaying(always(answer)) as relay:
        line, headers, body = await relay.ask(post(CHAT, chat_body(), b"x-request-id: r-7"))
    assert line == b"HTTP/1.1 200 OK"
    assert body == WHOLE
    assert headers == {
        b"content-type": b"application/json",
        b"x-engine": b"two",
        b"content-length": str(len(WHOLE)).encode(),
        b"x-request-id": b"r-7",
        b"x-adapter-digest": VERSION.partition("@")[2].encode(),
    }


async def test_a_whole_answer_is_handed_over() -> None:
    """The record holds the bytes of both sides, and who answered."""
    async with relaying(always(whole())) as relay:
        sent = chat_body(temperature=0.10)
        await relay.ask(post(CHAT, sent, b"x-request-id: r-7"))
        relayed = await relay.book.next()
    assert (relayed.dialect, relayed.deployment, relayed.adapter, relayed.epoch) == (
        Dialect.CHAT,
        "support",
        VERSION,
        3,
    )
    assert (relayed.request, relayed.response) == (sent, WHOLE)
    assert (relayed.status, relayed.ending, relayed.streamed) == (200, Ending.COMPLETE, False)
    assert relayed.request_id == "r-7" != relayed.id
    assert relayed.first_byte_s is not None
    assert 0 < relayed.first_byte_s <= relayed.latency_s < 5
    assert relay.book.items.empty()


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("size", [1, 7, 4096])
async def test_a_stream_is_relayed_byte_for_byte(stream: bytes, size: int) -> None:
    """However it is cut into chunks, and whatever is in it."""
    parts = [chunk(stream[at : at + size]) for at in range(0, len(stream), size)]
    async with relaying(always(STREAM_HEAD, *parts, END)) as relay:
        _, headers, body = await relay.chat(stream=True)
        relayed = await relay.book.next()
    assert body == stream
    assert headers[b"content-type"] == b"text/event-stream"
    assert (relayed.response, relayed.ending) == (stream, Ending.COMPLETE)
    assert relayed.streamed


async def test_an_event_arrives_before_the_next_one_is_written() -> None:
    """Nothing is held back until more comes."""
    seen = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(EVENT))
        await seen.wait()
        await peer.send(chunk(DONE) + END)

    async with relaying(play) as relay:
        reader, writer = await relay.connect()
        writer.write(post(CHAT, chat_body(stream=True)))
        await asyncio.wait_for(reader.readuntil(EVENT), 5)
        seen.set()
        await asyncio.wait_for(reader.readuntil(DONE), 5)
        writer.close()


async def test_the_head_arrives_before_the_first_token() -> None:
    """Callers see the status as soon as the engine gives it."""
    seen = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await seen.wait()
        await peer.send(chunk(DONE) + END)

    async with relaying(play) as relay:
        reader, writer = await relay.connect()
        writer.write(post(CHAT, chat_body(stream=True)))
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        seen.set()
        await asyncio.wait_for(reader.readuntil(DONE), 5)
        writer.close()


async def test_a_line_of_five_megabytes_passes() -> None:
    """The relay knows nothing of lines; the tee keeps what it has room for."""
    line = b"data: " + b"x" * (5 << 20) + b"\n\n"
    async with relaying(always(STREAM_HEAD, chunk(line), END)) as relay:
        _, _, body = await relay.chat(stream=True)
        relayed = await relay.book.next()
    assert body == line
    assert relayed.cut
    assert len(relayed.response) <= 1 << 20
    assert relay.parts.tee_room.cut == 1
    assert relay.parts.tee_room.held == 0


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("400 Bad Request", b""),
        ("429 Too Many Requests", b"Retry-After: 17\r\n"),
        ("500 Internal Server Error", b""),
        ("503 Service Unavailable", b"Retry-After: 3\r\n"),
    ],
)
async def test_an_error_of_the_engine_is_relayed_as_it_is(status: str, more: bytes) -> None:
    """Its body too; the record says that it failed."""
    body = b'{"object":"error","message":"no"}'
    async with relaying(always(whole(body, status, more))) as relay:
        line, headers, answered = await relay.chat()
        relayed = await relay.book.next()
    assert line == f"HTTP/1.1 {status}".encode()
    assert answered == body
    assert more == (b"Retry-After: %b\r\n" % headers[b"retry-after"] if more else b"")
    assert (relayed.ending, relayed.status) == (Ending.FAILED, int(status[:3]))


async def test_an_answer_may_end_with_its_connection() -> None:
    """Neither length nor chunks: the end of the connection is the end of the body."""
    raw = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + WHOLE
    async with relaying(once(raw)) as relay:
        _, headers, body = await relay.chat()
        relayed = await relay.book.next()
    assert body == WHOLE
    assert headers[b"transfer-encoding"] == b"chunked"
    assert relayed.ending is Ending.COMPLETE


async def test_interim_answers_are_passed_over() -> None:
    """100 and 103 are for whoever stands before the engine."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with relaying(always(interim + whole())) as relay:
        line, headers, body = await relay.chat()
    assert (line, body) == (b"HTTP/1.1 200 OK", WHOLE)
    assert b"link" not in headers


async def test_trailers_are_left_out() -> None:
    """They come behind the body, and no caller has asked for them."""
    trailed = STREAM_HEAD + chunk(EVENT + DONE) + b"0\r\nx-checksum: 1\r\n\r\n"
    async with relaying(always(trailed)) as relay:
        first = await relay.chat(stream=True)
        second = await relay.chat(stream=True)
        assert relay.engine.connections == 1
    assert first[2] == second[2] == EVENT + DONE


async def test_an_answer_without_a_body_has_none() -> None:
    """204 ends with its head."""
    async with relaying(always(b"HTTP/1.1 204 No Content\r\n\r\n")) as relay:
        line, headers, body = await relay.chat()
    assert (line, body) == (b"HTTP/1.1 204 No Content", b"")
    assert b"transfer-encoding" not in headers


async def test_headers_that_connection_names_stop_here() -> None:
    """RFC 9110 §7.6.1: what `Connection` names is for the next hop alone, in both directions."""
    answer = whole(more=b"Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n")
    async with relaying(always(answer)) as relay:
        _, headers, _ = await relay.ask(
            post(CHAT, chat_body(), b"Connection: x-private", b"X-Private: 1", b"X-Public: 2")
        )
    assert b"x-hop" not in headers
    assert headers[b"x-end"] == b"2"
    (received,) = relay.engine.received
    assert b"x-private" not in received.headers
    assert received.headers[b"x-public"] == b"2"


async def test_one_shadow_follows_an_answer_and_nobody_sees_it() -> None:
    """The baseline gets the same request, and the record says whose shadow it is."""
    async with relaying(always(whole())) as relay:
        route = relay.parts.router.table.routes["support"]
        baseline = "support@000000000000"
        relay.parts.router.swap(
            type(route)(
                deployment="support",
                active=VERSION,
                epoch=4,
                baseline=baseline,
                shadow_rate=1.0,
            )
        )
        await relay.chat(seed=5)
        live, shadow = await relay.book.next(), await relay.book.next()
    assert (live.adapter, live.shadow_of) == (VERSION, None)
    assert (shadow.adapter, shadow.shadow_of, shadow.ending) == (
        baseline,
        live.id,
        Ending.COMPLETE,
    )
    assert shadow.id != live.id
    first, second = (json.loads(each.body) for each in relay.engine.received)
    assert second == {**first, "model": baseline}


async def test_no_caller_chooses_whether_a_shadow_follows() -> None:
    """One `X-Request-Id` that would never be drawn, twenty times: some prompts are shadowed."""
    async with relaying(always(whole())) as relay:
        route = relay.parts.router.table.routes["support"]
        never = "two"
        relay.parts.router.swap(
            type(route)(
                deployment="support",
                active=VERSION,
                epoch=4,
                baseline="support@000000000000",
                shadow_rate=0.5,
            )
        )
        assert not relay.parts.router.table.routes["support"].shadows(never)
        for _ in range(20):
            await relay.ask(post(CHAT, chat_body(), b"x-request-id: " + never.encode()))
        reported = [await relay.book.next() for _ in range(21)]
    assert any(each.shadow_of for each in reported)


async def test_a_version_is_asked_again_where_its_consistency_is_looked_at() -> None:
    """The same request at a temperature of .7, and the record says whose shadow it is."""
    async with relaying(always(whole())) as relay:
        relay.parts.resample_rates = {"support": 1.0}
        await relay.chat(seed=5, temperature=0)
        live, again = await relay.book.next(), await relay.book.next()
    assert (again.adapter, again.shadow_of) == (live.adapter, live.id)
    first, second = (json.loads(each.body) for each in relay.engine.received)
    assert second == {**first, "temperature": 0.7}


async def test_callers_are_with_the_candidate_by_their_key() -> None:
    """Its share is one: everybody; the digest in the header is the candidate's."""
    async with relaying(always(whole())) as relay:
        route = relay.parts.router.table.routes["support"]
        relay.parts.router.swap(
            type(route)(
                deployment="support",
                active=VERSION,
                epoch=4,
                candidate="support@111111111111",
                candidate_share=1.0,
            )
        )
        _, headers, _ = await relay.chat(user="u-1")
        relayed = await relay.book.next()
    assert headers[b"x-adapter-digest"] == b"1" * 12
    assert relayed.adapter == "support@111111111111"


async def test_a_canary_deals_by_user_then_by_conversation() -> None:
    """The lot is the same at every turn, and goes with the record; a shadow has none."""
    async with relaying(always(whole())) as relay:
        relay.parts.router.swap(
            Route(
                deployment="support",
                active=VERSION,
                epoch=4,
                candidate="support@111111111111",
                candidate_share=0.5,
                canary="c1",
                baseline="support@000000000000",
            )
        )
        asked = {"role": "user", "content": "where is it?"}
        turns = [[asked], [asked, {"role": "assistant", "content": "here"}, asked]]
        for fields in ({"user": "u-1"}, {"user": "u-1", "messages": turns[1]}):
            await relay.chat(**fields)
        for messages in turns:
            await relay.chat(messages=messages)
        reported = [await relay.book.next() for _ in range(4)]
    lots = [Dealt.parse(each.dealt) for each in reported]
    assert lots[0] == lots[1] == deal("c1", "user u-1", 0.5)
    assert lots[2] == lots[3] != lots[0]
    for each, lot in zip(reported, lots, strict=True):
        assert lot is not None
        assert (each.adapter == "support@111111111111") is lot.to_candidate


async def test_shadows_beyond_the_hours_allowance_are_skipped_and_counted() -> None:
    """One in this hour: the second answer has none."""
    async with relaying(always(whole())) as relay:
        relay.parts.router.swap(
            Route(
                deployment="support",
                active=VERSION,
                epoch=4,
                baseline="support@000000000000",
                shadow_rate=1.0,
            )
        )
        relay.parts.shadow_allowances = {"support": Allowance(1)}
        relay.parts.now = lambda: 7200.0
        for _ in range(2):
            await relay.chat()
        reported = [await relay.book.next() for _ in range(3)]
        assert sum(each.shadow_of is not None for each in reported) == 1
        assert relay.parts.counters.shadows_skipped == 1
