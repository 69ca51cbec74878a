"""A model server that is away, hangs or dies, seen by callers of the relay."""

from __future__ import annotations

import asyncio
import json

import pytest

from monitor.gateway.upstream.address import Address, Limits
from monitor.gateway.upstream.pool import Upstream
from monitor.ports.handover import Ending
from tests.relaying import (
    CHAT,
    DONE,
    END,
    EVENT,
    STREAM_HEAD,
    WHOLE,
    Peer,
    Script,
    always,
    answer_of,
    chat_body,
    chunk,
    once,
    post,
    relaying,
    whole,
)

pytestmark = pytest.mark.integration

SHORT = Limits(first_byte_s=0.2, idle_s=0.2)


def dying(*parts: bytes, reset: bool = False) -> Script:
    """Return a script that sends a part of an answer and dies."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*parts)
        if reset:
            peer.reset()

    return play


def hanging(*parts: bytes) -> Script:
    """Return a script that sends a part of an answer and falls silent."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*parts)
        await peer.gone()

    return play


def error_of(frames: bytes) -> dict[str, str]:
    """Return the error of the frame before `[DONE]`."""
    *_, frame, done, empty = frames.split(b"\n\n")
    assert (done, empty) == (b"data: [DONE]", b"")
    error: dict[str, str] = json.loads(frame.removeprefix(b"data: "))["error"]
    return error


@pytest.mark.parametrize("ending", ["closed", "reset", "cut chunk", "silent", "no chunk"])
async def test_a_stream_that_breaks_off_ends_with_an_error_frame(ending: str) -> None:
    """Every byte that came, then one frame that says what happened, then what clients wait for."""
    scripts = {
        "closed": dying(STREAM_HEAD, chunk(EVENT)),
        "reset": dying(STREAM_HEAD, chunk(EVENT), reset=True),
        "cut chunk": dying(STREAM_HEAD, chunk(EVENT), b"40\r\n"),
        "silent": hanging(STREAM_HEAD, chunk(EVENT)),
        "no chunk": dying(STREAM_HEAD, chunk(EVENT), b"nonsense\r\n"),
    }
    limits = Limits(idle_s=0.2) if ending == "silent" else None
    async with relaying(scripts[ending], limits=limits) as relay:
        _, _, body = await relay.chat(stream=True)
        relayed = await relay.book.next()
    assert body.startswith(EVENT)
    assert error_of(body)["code"] == "engine_error"
    assert relayed.ending is Ending.BROKEN
    assert relayed.response == EVENT
    assert relay.parts.engine.in_use == 0


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        (b"", b""),
        (EVENT, b""),
        (EVENT.replace(b"\n", b"\r\n"), b""),
        (b"data: {}\n", b"\n"),
        (b'data: {"choi', b"\n\n"),
        (b"data: {}\n\n:", b"\n\n"),
    ],
)
async def test_an_event_that_has_begun_is_ended_before_the_frame(
    sent: bytes, missing: bytes
) -> None:
    """So that the frame is an event of its own."""
    parts = [chunk(bytes([each])) for each in sent]
    async with relaying(dying(STREAM_HEAD, *parts)) as relay:
        _, _, body = await relay.chat(stream=True)
    assert body.startswith(sent + missing + b'data: {"error":')


async def test_a_whole_answer_that_breaks_off_is_left_without_its_end() -> None:
    """The caller's client sees that bytes are missing: nothing is made up."""
    async with relaying(dying(whole()[:-10])) as relay:
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await relay.chat()
        relayed = await relay.book.next()
    assert caught.value.partial == WHOLE[:-10]
    assert (relayed.ending, relayed.response) == (Ending.BROKEN, WHOLE[:-10])


async def test_a_chunked_whole_answer_that_breaks_off_is_left_without_its_end() -> None:
    """No last chunk is written."""
    head = STREAM_HEAD.replace(b"text/event-stream", b"application/json")
    async with relaying(dying(head, chunk(WHOLE[:20]))) as relay:
        with pytest.raises(asyncio.IncompleteReadError):
            await relay.chat()


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (dying(), b"502 Bad Gateway", "engine_error"),
        (dying(reset=True), b"502 Bad Gateway", "engine_error"),
        (dying(b"HTTP/1.1 200 OK\r\ncontent-"), b"502 Bad Gateway", "engine_error"),
        (dying(b"SSH-2.0-OpenSSH_9.9\r\n"), b"502 Bad Gateway", "engine_error"),
        (
            dying(
                b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"
            ),
            b"502 Bad Gateway",
            "engine_error",
        ),
        (hanging(), b"504 Gateway Timeout", "engine_timeout"),
        (hanging(b"HTTP/1.1 200 OK\r\ncont"), b"504 Gateway Timeout", "engine_timeout"),
    ],
)
async def test_an_engine_that_gives_no_answer_has_a_status(
    script: Script, status: bytes, code: str
) -> None:
    """Nothing was sent to the caller yet, so he gets a status, and an error in OpenAI's shape."""
    async with relaying(script, limits=SHORT if b"Timeout" in status else None) as relay:
        line, headers, body = await relay.chat()
        relayed = await relay.book.next()
        assert relay.engine.connections == 1
    assert line == b"HTTP/1.1 " + status
    assert json.loads(body)["error"]["code"] == code
    assert headers[b"x-request-id"] == relayed.request_id.encode()
    assert (relayed.ending, relayed.status, relayed.response) == (Ending.FAILED, None, b"")
    assert relay.parts.engine.in_use == 0
    assert relay.parts.counters.refusals == {int(status[:3]): 1}


async def test_an_engine_that_is_away_is_503() -> None:
    """And callers are told when to ask again."""
    async with relaying(always(whole())) as relay:
        relay.parts.engine.address = Address.of("http://127.0.0.1:1")
        line, headers, body = await relay.chat()
        relayed = await relay.book.next()
    assert line == b"HTTP/1.1 503 Service Unavailable"
    assert headers[b"retry-after"] == b"5"
    assert "127.0.0.1:1 cannot be reached" in json.loads(body)["error"]["message"]
    assert relayed.ending is Ending.FAILED


@pytest.mark.parametrize(
    "answer",
    [
        whole(),
        STREAM_HEAD + chunk(EVENT) + END,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        whole(status="500 Internal Server Error"),
    ],
)
async def test_a_connection_is_used_again_after_an_answer(answer: bytes) -> None:
    """Whatever the answer was, if it came to its end."""
    async with relaying(always(answer)) as relay:
        for _ in range(3):
            await relay.chat()
        assert relay.engine.connections == 1
        assert (relay.parts.engine.in_use, relay.parts.engine.idle) == (0, 1)


@pytest.mark.parametrize(
    "script",
    [
        always(whole(more=b"Connection: close\r\n")),
        once(whole()),
        always(whole() + b"HTTP/1.1 200 OK\r\n"),
        always(whole().replace(b"HTTP/1.1", b"HTTP/1.0")),
    ],
    ids=["close", "closed", "too much", "HTTP/1.0"],
)
async def test_a_connection_that_cannot_be_used_again_is_not(script: Script) -> None:
    """Each answer comes whole, over a connection of its own."""
    async with relaying(script) as relay:
        for _ in range(3):
            line, _, body = await relay.chat()
            assert (line, body) == (b"HTTP/1.1 200 OK", WHOLE)
        assert relay.engine.connections == 3


async def test_a_stale_connection_costs_no_request() -> None:
    """The server reads nothing of the second request and closes: it is sent again, once."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(whole())
        if peer.number == 1:
            await peer.request()
            peer.reset()

    async with relaying(play) as relay:
        await relay.chat()
        line, _, body = await relay.chat(seed=2)
        assert (line, body) == (b"HTTP/1.1 200 OK", WHOLE)
        assert relay.engine.connections == 2
    assert relay.engine.received[1].raw == relay.engine.received[2].raw
    assert relay.engine.received[1].body == relay.engine.received[2].body


async def test_a_request_is_sent_twice_at_most() -> None:
    """An engine that dies of a request is not fed it for ever."""

    async def play(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(whole())
            await peer.request()
        peer.reset()

    async with relaying(play) as relay:
        await relay.chat()
        line, _, _ = await relay.chat()
        assert line == b"HTTP/1.1 502 Bad Gateway"
        assert relay.engine.connections == 2
    assert len(relay.engine.received) == 3


async def test_places_are_bounded() -> None:
    """One more request than there are places is refused, and told to come again."""
    asked = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with relaying(play, places=1) as relay:
        _, writer = await relay.connect()
        writer.write(post(CHAT, chat_body()))
        await asyncio.wait_for(asked.wait(), 5)
        line, headers, _ = await relay.chat()
        writer.close()
    assert line == b"HTTP/1.1 429 Too Many Requests"
    assert headers[b"retry-after"] == b"1"


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    """Before the server closes it, so that seldom anything is sent into a closing connection."""
    closed = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(whole())
        await peer.gone()
        closed.set()

    async with relaying(play, limits=Limits(keep_s=0.05)) as relay:
        await relay.chat()
        await asyncio.wait_for(closed.wait(), 5)
        assert relay.parts.engine.idle == 0


async def test_an_exchange_without_room_is_counted() -> None:
    """The answer is relayed all the same."""
    async with relaying(always(whole())) as relay:
        relay.book.has_room = False
        _, _, body = await relay.chat()
        reader, writer = await relay.connect()
        writer.write(post(CHAT, chat_body()))
        await answer_of(reader)
        writer.close()
        assert body == WHOLE
        assert relay.parts.counters.dropped == 2


async def test_a_tls_server_is_checked() -> None:
    """A server that speaks no TLS where TLS is asked for cannot be reached."""
    async with relaying(always(whole())) as relay:
        url = f"https://127.0.0.1:{relay.engine.port}"
        secure = Upstream(Address.of(url), Limits(connect_s=2))
        relay.parts.engine = secure
        line, _, _ = await relay.chat()
        assert line == b"HTTP/1.1 503 Service Unavailable"
        assert secure.in_use == 0


async def test_done_follows_an_error_frame_once() -> None:
    """A stream that broke off after its own `[DONE]` still ends as one."""
    async with relaying(dying(STREAM_HEAD, chunk(EVENT + DONE))) as relay:
        _, _, body = await relay.chat(stream=True)
    assert body.startswith(EVENT + DONE)
    assert error_of(body)["type"] == "server_error"
