"""The relay's other paths: what it answers itself, passes through, or leaves to the operators."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from monitor.gateway.relay.asgi import Receive, Scope, Send
from monitor.gateway.upstream.address import Address
from monitor.gateway.upstream.pool import Upstream
from tests.relaying import (
    CHAT,
    DONE,
    END,
    EVENT,
    LOCKED,
    STREAM_HEAD,
    Peer,
    always,
    answer_of,
    chat_body,
    chunk,
    post,
    relaying,
    scripted,
    whole,
)
from tests.serving import CALLER, VERSION

pytestmark = pytest.mark.integration


def get(path: str, *headers: bytes, method: bytes = b"GET") -> bytes:
    """Return a request without a body."""
    return b"\r\n".join(
        (b"%b %b HTTP/1.1" % (method, path.encode()), b"host: x", *headers, b"", b"")
    )


async def test_models_are_the_deployments() -> None:
    """From the routing table, with the version that serves as root."""
    async with relaying(always(whole())) as relay:
        _, _, every = await relay.ask(get("/v1/models"))
        _, _, one = await relay.ask(get("/v1/models/support"))
        line, _, _ = await relay.ask(get("/v1/models/nobody"))
    assert [model["id"] for model in json.loads(every)["data"]] == ["plain", "support"]
    assert (json.loads(one)["root"], json.loads(one)["parent"]) == (VERSION, "tiny")
    assert line == b"HTTP/1.1 404 Not Found"
    assert relay.engine.connections == 0


async def test_models_need_a_token_and_a_get() -> None:
    """As everything under `/v1` does."""
    async with relaying(always(whole()), **LOCKED) as relay:
        closed, _, _ = await relay.ask(get("/v1/models"))
        wrong, headers, _ = await relay.ask(post("/v1/models", b"{}"))
        opened, _, _ = await relay.ask(
            get("/v1/models", b"authorization: Bearer " + CALLER.encode())
        )
    assert closed == b"HTTP/1.1 401 Unauthorized"
    assert (wrong, headers[b"allow"]) == (b"HTTP/1.1 405 Method Not Allowed", b"GET, HEAD")
    assert opened == b"HTTP/1.1 200 OK"


async def test_completions_take_post_only() -> None:
    """And say so."""
    async with relaying(always(whole())) as relay:
        line, headers, _ = await relay.ask(get(CHAT))
    assert (line, headers[b"allow"]) == (b"HTTP/1.1 405 Method Not Allowed", b"POST")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"support@000000000000"}', b"404 Not Found"),
        (b'{"model":"support@000000000000","x":NaN}', b"400 Bad Request"),
        ('{"model":"support@000000000000"}'.encode("utf-16"), b"400 Bad Request"),
    ],
)
async def test_no_version_is_named_past_the_routes(body: bytes, expected: bytes) -> None:
    """Not even in JSON that the engine reads and we do not."""
    async with relaying(always(whole())) as relay:
        line, _, _ = await relay.ask(post("/v1/embeddings", body))
    assert line == b"HTTP/1.1 " + expected
    assert not relay.engine.received


async def test_what_is_allowed_is_passed_through_without_a_record() -> None:
    """A deployment's name becomes its version's; the rest is as it was."""
    body = b'{"input": ["a"], "model": "support"}'
    async with relaying(always(whole(b'{"data":[]}'))) as relay:
        line, headers, answered = await relay.ask(post("/v1/embeddings", body))
        await relay.ask(post("/v1/embeddings", b'{"model":"other"}'))
        await relay.ask(post("/v1/embeddings", b"\x00no json", b"content-type: audio/wav"))
        assert relay.book.items.empty()
        assert relay.engine.connections == 1
    assert (line, answered) == (b"HTTP/1.1 200 OK", b'{"data":[]}')
    assert headers[b"x-request-id"]
    first, second, third = (received.body for received in relay.engine.received)
    assert first == body.replace(b"support", VERSION.encode())
    assert (second, third) == (b'{"model":"other"}', b"\x00no json")


async def test_a_path_that_may_change_something_goes_over_a_new_connection() -> None:
    """It must not be sent twice, so it is not sent into a connection that may be closing."""
    allowed = frozenset(("/v1/files",))
    async with relaying(always(whole()), pass_through=allowed) as relay:
        for _ in range(2):
            await relay.ask(post("/v1/files", b"x", b"content-type: text/plain"))
        assert relay.engine.connections == 2


@pytest.mark.parametrize(
    "path", ["/v1/load_lora_adapter", "/v1/embeddings/", "/v1", "/v1/chat/completions/x"]
)
async def test_the_rest_of_v1_is_refused(path: str) -> None:
    """In OpenAI's shape, with a word on how to allow it."""
    async with relaying(always(whole())) as relay:
        line, _, body = await relay.ask(post(path, b"{}"))
    assert line == b"HTTP/1.1 404 Not Found"
    assert "gateway.pass_through" in json.loads(body)["error"]["message"]
    assert relay.engine.connections == relay.control.connections == 0


async def test_a_path_cannot_be_disguised() -> None:
    """What is matched is what is sent."""
    async with relaying(always(whole())) as relay:
        await relay.ask(post("/v1/%65mbeddings?x=1", b"{}"))
    (received,) = relay.engine.received
    assert received.line == b"POST /v1/embeddings?x=1 HTTP/1.1"


async def test_what_others_handle_is_handed_to_them() -> None:
    """A handler is an ASGI application of its own."""

    async def feedback(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})

    async with relaying(always(whole()), handlers={"/v1/feedback": feedback}) as relay:
        line, _, body = await relay.ask(post("/v1/feedback", b"{}"))
    assert (line, body) == (b"HTTP/1.1 202 Accepted", b"taken")


async def test_everything_else_goes_to_the_operators_as_it_is() -> None:
    """With host, token and cookie, which are theirs to check."""
    answer = whole(b"<p>", "302 Found", b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nLocation: /\r\n")
    async with relaying(always(whole()), control=always(answer)) as relay:
        reader, writer = await relay.connect()
        writer.write(post("/api/x%2Fy?z=1", b"{}", b"cookie: s=1", b"authorization: Bearer o"))
        raw = await asyncio.wait_for(reader.readuntil(b"<p>"), 5)
        writer.close()
    (received,) = relay.control.received
    assert received.line == b"POST /api/x%2Fy?z=1 HTTP/1.1"
    assert received.body == b"{}"
    assert received.headers[b"host"] == b"x"
    assert received.headers[b"cookie"] == b"s=1"
    assert received.headers[b"authorization"] == b"Bearer o"
    assert raw.startswith(b"HTTP/1.1 302 Found")
    assert (raw.count(b"set-cookie: "), raw.count(b"location: /")) == (2, 1)


async def test_head_has_no_body() -> None:
    """Its length is that of the body it would have."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"
    async with relaying(always(whole()), control=always(head)) as relay:
        for _ in range(2):
            reader, writer = await relay.connect()
            writer.write(get("/", method=b"HEAD"))
            raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert b"content-length: 500\r\n" in raw
            writer.close()


async def test_events_of_the_operators_come_as_they_are_written() -> None:
    """The dashboard lives on them; when it leaves, they stop."""
    gone = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD, chunk(EVENT))
        await peer.gone()
        gone.set()

    async with relaying(always(whole()), control=play) as relay:
        reader, writer = await relay.connect()
        writer.write(get("/api/events"))
        await asyncio.wait_for(reader.readuntil(EVENT), 5)
        writer.transport.abort()
        await asyncio.wait_for(gone.wait(), 1)


async def test_events_that_break_off_end_with_an_error_frame() -> None:
    """As streams of the engine do."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD, chunk(EVENT))

    async with relaying(always(whole()), control=play) as relay:
        _, _, body = await relay.ask(get("/api/events"))
    assert body.startswith(EVENT + b'data: {"error":')
    assert body.endswith(DONE)


async def test_a_web_socket_is_no_web_socket_here() -> None:
    """The request is answered as a plain one, and the upgrade goes no further."""
    asked = (b"connection: upgrade", b"upgrade: websocket", b"sec-websocket-version: 13")
    async with relaying(always(whole())) as relay:
        line, _, _ = await relay.ask(get("/v1/realtime", *asked))
        await relay.ask(get("/live", *asked))
    assert line == b"HTTP/1.1 404 Not Found"
    (received,) = relay.control.received
    assert b"upgrade" not in received.headers
    assert b"connection" not in received.headers


async def test_health_needs_nobody() -> None:
    """Neither engine nor control."""
    async with relaying(always(whole())) as relay:
        line, _, body = await relay.ask(get("/healthz"))
        assert relay.engine.connections == relay.control.connections == 0
    assert (line, body) == (b"HTTP/1.1 200 OK", b'{"status":"ok"}')


async def test_readiness_is_that_of_the_service() -> None:
    """Control says it; without control the service is not ready."""
    async with relaying(always(whole()), control=always(whole(b'{"status":"ok"}'))) as relay:
        ready, _, body = await relay.ask(get("/readyz"))
        relay.parts.operators.close()
        relay.parts.operators.address = Address.of("http://127.0.0.1:1")
        away, _, said = await relay.ask(get("/readyz"))
        elsewhere, _, _ = await relay.ask(get("/api/overview"))
    assert (ready, body) == (b"HTTP/1.1 200 OK", b'{"status":"ok"}')
    assert away == elsewhere == b"HTTP/1.1 503 Service Unavailable"
    assert "away for a moment" in json.loads(said)["components"]["control"]


async def test_operators_may_be_behind_a_unix_socket(tmp_path: Path) -> None:
    """As control is."""
    async with scripted(always(whole(b"{}"))) as control, relaying(always(whole())) as relay:
        path = tmp_path / "control.sock"
        server = await asyncio.start_unix_server(control.serve, path)
        relay.parts.operators = Upstream(Address.unix(path))
        line, _, _ = await relay.ask(get("/metrics"))
        server.close()
    assert line == b"HTTP/1.1 200 OK"
    assert control.received[0].line == b"GET /metrics HTTP/1.1"


async def test_a_drain_lets_streams_finish_and_refuses_what_is_new() -> None:
    """Load balancers see it at `/readyz`, and callers are told to go elsewhere."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD, chunk(EVENT))
        asked.set()
        await go.wait()
        await peer.send(chunk(DONE), END)

    async with relaying(play) as relay:
        asking = asyncio.ensure_future(relay.chat(stream=True))
        await asyncio.wait_for(asked.wait(), 5)
        reader, writer = await relay.connect()
        writer.write(get("/healthz"))
        await answer_of(reader)
        draining = asyncio.ensure_future(relay.server.drain(10.0))
        await asyncio.sleep(0)
        line, headers, _ = await relay.ask(post(CHAT, chat_body()))
        unready, _, said = await relay.ask(get("/readyz"))
        go.set()
        _, _, body = await asking
        assert await draining
        writer.close()
    assert line == b"HTTP/1.1 503 Service Unavailable"
    assert (headers[b"retry-after"], headers[b"connection"]) == (b"5", b"close")
    assert (unready, said) == (line, b'{"status":"draining"}')
    assert body == EVENT + DONE


async def test_a_drain_has_a_limit() -> None:
    """What is not finished by then is cut, and the engine stops its work."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()
        gone.set()

    async with relaying(play) as relay:
        _, writer = await relay.connect()
        writer.write(post(CHAT, chat_body()))
        await asyncio.wait_for(asked.wait(), 5)
        assert not await relay.server.drain(0.05)
        await asyncio.wait_for(gone.wait(), 5)
        writer.close()


async def test_the_counters_tell_what_has_happened() -> None:
    """One answer that ended well, and one refusal."""
    async with relaying(always(whole())) as relay:
        await relay.chat()
        await relay.chat(model="nobody")
        counters = relay.parts.counters
    ((who, series),) = counters.all_series()
    assert who == ("support", VERSION)
    assert series.endings == {
        "complete": 1,
        "abandoned": 0,
        "broken": 0,
        "blocked": 0,
        "failed": 0,
    }
    assert sum(series.latency.buckets) == sum(series.first_byte.buckets) == 1
    assert dict(counters.refusals) == {404: 1}
    assert counters.in_flight == counters.dropped == relay.parts.tee_room.cut == 0
