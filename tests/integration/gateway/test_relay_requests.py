"""Requests through the relay: what the engine gets, and what is refused before it gets anything."""

from __future__ import annotations

import asyncio
import json

import pytest

from monitor.errors import EngineError
from monitor.ports.handover import Ending
from monitor.runtime.routing import Route
from tests.relaying import (
    CHAT,
    END,
    LOCKED,
    STREAM_HEAD,
    WHOLE,
    Peer,
    PlainNaming,
    always,
    answer_of,
    chat_body,
    chunk,
    post,
    relaying,
    whole,
)
from tests.serving import CALLER, OPERATOR, VERSION

pytestmark = pytest.mark.integration

ODD = b'{ "x" : 1.50e+01,"model":\t"support" ,"messages":[{"role":"user","content":"\\u00e9 \\"model\\":"}],"n":1 }\n'


async def test_the_engine_gets_the_caller_s_own_bytes() -> None:
    """But for the model's name: unknown fields, order, numbers and spaces stay as they were."""
    async with relaying(always(whole())) as relay:
        await relay.ask(post(CHAT, ODD))
        relayed = await relay.book.next()
    (received,) = relay.engine.received
    assert received.body == ODD.replace(b'\t"support"', b'\t"%b"' % VERSION.encode())
    assert received.line == b"POST /v1/chat/completions HTTP/1.1"
    assert relayed.request == ODD


async def test_headers_go_up_but_for_ours() -> None:
    """No token and no cookie of the caller reaches the engine; it is asked for plain text."""
    sent = (
        b"authorization: Bearer " + CALLER.encode(),
        b"cookie: backstop_session=1",
        b"accept-encoding: gzip, br",
        b"Accept: */*",
        b"X-Stainless-Lang: python",
        b"traceparent: 00-1-2-01",
        b"x-request-id: r-1",
        b"keep-alive: 5",
        b"te: trailers",
    )
    async with relaying(always(whole()), **LOCKED) as relay:
        await relay.ask(post(CHAT, chat_body(), *sent))
    (received,) = relay.engine.received
    assert received.headers == {
        b"host": b"127.0.0.1:%d" % relay.engine.port,
        b"accept-encoding": b"identity",
        b"content-length": str(len(received.body)).encode(),
        b"accept": b"*/*",
        b"x-stainless-lang": b"python",
        b"traceparent": b"00-1-2-01",
        b"x-request-id": b"r-1",
    }


async def test_the_engine_gets_its_own_key() -> None:
    """In place of the caller's token."""
    async with relaying(always(whole()), api_key="engine-key", **LOCKED) as relay:
        await relay.ask(post(CHAT, chat_body(), b"authorization: Bearer " + CALLER.encode()))
    (received,) = relay.engine.received
    assert received.headers[b"authorization"] == b"Bearer engine-key"


async def test_query_and_text_completions_go_up() -> None:
    """The path is the caller's, and its query too."""
    async with relaying(always(whole())) as relay:
        await relay.ask(post("/v1/completions?a=1", b'{"model":"plain","prompt":"x"}'))
        relayed = await relay.book.next()
    (received,) = relay.engine.received
    assert received.line == b"POST /v1/completions?a=1 HTTP/1.1"
    assert json.loads(received.body) == {"model": "tiny", "prompt": "x"}
    assert (relayed.dialect.value, relayed.adapter) == ("text", None)


async def test_a_request_of_four_megabytes_arrives() -> None:
    """It is sent on in one piece, and can be read back to the byte."""
    body = chat_body(messages=[{"role": "user", "content": "ž" * (1 << 19)}])
    async with relaying(always(whole())) as relay:
        line, _, _ = await relay.ask(post(CHAT, body))
    assert line == b"HTTP/1.1 200 OK"
    assert relay.engine.received[0].body == body.replace(b'"support"', b'"%b"' % VERSION.encode())


async def test_a_caller_may_wait_for_100_continue() -> None:
    """The body is asked for, and the engine is not told of it."""
    body = chat_body()
    async with relaying(always(whole())) as relay:
        reader, writer = await relay.connect()
        writer.write(post(CHAT, body, b"expect: 100-continue")[: -len(body)])
        interim = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        line, _, answered = await asyncio.wait_for(answer_of(reader), 5)
        writer.close()
    assert (line, answered) == (b"HTTP/1.1 200 OK", WHOLE)
    assert b"expect" not in relay.engine.received[0].headers


async def test_requests_on_one_connection_are_answered_in_their_order() -> None:
    """Also those that are sent before the first answer has come."""
    async with relaying(always(whole())) as relay:
        reader, writer = await relay.connect()
        writer.write(post(CHAT, chat_body(seed=1)) + post("/v1/none", b"{}") + post(CHAT, ODD))
        lines = [(await asyncio.wait_for(answer_of(reader), 5))[0] for _ in range(3)]
        writer.close()
    assert [line[9:12] for line in lines] == [b"200", b"404", b"200"]
    assert len(relay.engine.received) == 2


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b'{"model":"support"', "not JSON"),
        (b'{"model":"support",}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'["support"]', "must be a JSON object"),
        (b"{}", "model must be text"),
        (b'{"model":7}', "model must be text"),
        (b'{"model":null}', "model must be text"),
    ],
)
async def test_a_body_without_a_model_is_refused(body: bytes, says: str) -> None:
    """In OpenAI's shape, and nothing is asked of the engine."""
    async with relaying(always(whole())) as relay:
        line, headers, answered = await relay.ask(post(CHAT, body))
    error = json.loads(answered)["error"]
    assert line == b"HTTP/1.1 400 Bad Request"
    assert says in error["message"]
    assert error["type"] == "invalid_request_error"
    assert headers[b"x-request-id"]
    assert relay.engine.connections == 0
    assert relay.book.items.empty()


async def test_an_unknown_model_is_404_and_lists_the_known_ones() -> None:
    """As the local gateway does."""
    async with relaying(always(whole())) as relay:
        line, _, body = await relay.chat(model="nobody")
    assert line == b"HTTP/1.1 404 Not Found"
    assert json.loads(body)["error"]["message"] == (
        "there is no model 'nobody'; known models: plain, support"
    )


async def test_only_operators_may_name_a_version() -> None:
    """To others it does not exist; what operators ask of it is no live traffic."""
    body = chat_body(model="support@000000000000")
    async with relaying(always(whole()), **LOCKED) as relay:
        caller, operator = [
            await relay.ask(post(CHAT, body, b"authorization: Bearer " + token.encode()))
            for token in (CALLER, OPERATOR)
        ]
        assert relay.book.items.empty()
    assert caller[0] == b"HTTP/1.1 404 Not Found"
    assert operator[0] == b"HTTP/1.1 200 OK"
    assert operator[1][b"x-adapter-digest"] == b"0" * 12
    assert json.loads(relay.engine.received[0].body)["model"] == "support@000000000000"


@pytest.mark.parametrize("header", [(), (b"authorization: Bearer wrong",)])
async def test_callers_need_a_token_where_there_are_tokens(header: tuple[bytes, ...]) -> None:
    """Before anything else is looked at."""
    async with relaying(always(whole()), **LOCKED) as relay:
        line, headers, _ = await relay.ask(post(CHAT, b"{", *header))
    assert line == b"HTTP/1.1 401 Unauthorized"
    assert headers[b"www-authenticate"] == b"Bearer"


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused(declared: bool) -> None:
    """Whether it says so at its beginning or not; the connection is closed then."""
    async with relaying(always(whole()), max_body_bytes=1000) as relay:
        body = chat_body(user="x" * 1000)
        raw = post(CHAT, body)
        if not declared:
            head = b"POST %b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            raw = head % CHAT.encode() + chunk(body) + END
        line, headers, _ = await relay.ask(raw)
    assert line == b"HTTP/1.1 413 Request Entity Too Large"
    assert headers[b"connection"] == b"close"
    assert relay.engine.connections == 0


async def test_a_chunked_body_is_sent_on_with_its_length() -> None:
    """Framing is hop by hop."""
    body = chat_body()
    head = b"POST %b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" % CHAT.encode()
    async with relaying(always(whole())) as relay:
        line, _, _ = await relay.ask(head + chunk(body[:9]) + chunk(body[9:]) + END)
    assert line == b"HTTP/1.1 200 OK"
    (received,) = relay.engine.received
    assert b"transfer-encoding" not in received.headers
    assert json.loads(received.body)["model"] == VERSION


SMUGGLED = {
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\n{}{}{}",
    "length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "no number": b"content-length: +5\r\n\r\n{}   ",
    "chunked twice": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "space before the colon": b"content-length : 2\r\n\r\n{}",
    "folded": b"x-a: b\r\n c: d\r\ncontent-length: 2\r\n\r\n{}",
    "line feed alone": b"x-a: b\ncontent-length: 2\r\n\r\n{}",
    "zero byte": b"x-a: b\x00c\r\ncontent-length: 2\r\n\r\n{}",
    "return alone": b"x-a: b\rx-admin: 1\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED.keys())
async def test_a_request_with_two_readings_never_reaches_the_engine(rest: bytes) -> None:
    """It is refused and its connection closed, so that nothing can hide behind it."""
    async with relaying(always(whole())) as relay:
        reader, writer = await relay.connect()
        writer.write(b"POST %b HTTP/1.1\r\nhost: x\r\n" % CHAT.encode() + rest)
        answered = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answered.startswith(b"HTTP/1.1 400")
    assert answered.count(b"HTTP/1.1") == 1
    assert relay.engine.connections == 0


async def test_a_request_id_that_is_not_sound_is_replaced() -> None:
    """It goes into headers and logs."""
    async with relaying(always(whole())) as relay:
        for offered in (b"\xc3\xa9", b"x" * 129, b""):
            _, headers, _ = await relay.ask(post(CHAT, chat_body(), b"x-request-id: " + offered))
            assert len(headers[b"x-request-id"]) == 32


@pytest.mark.parametrize("raw", [b"X-Bad: a\x01b\r\n", b"X-Bad: a\r b\r\n", b"X Bad: 1\r\n"])
async def test_a_header_of_the_engine_that_is_none_is_a_failure(raw: bytes) -> None:
    """Nothing is written into the caller's headers that could be taken for something else."""
    async with relaying(always(whole(more=raw))) as relay:
        line, headers, _ = await relay.chat()
        relayed = await relay.book.next()
    assert line == b"HTTP/1.1 502 Bad Gateway"
    assert b"x-bad" not in headers
    assert relayed.ending is Ending.FAILED


async def test_a_naming_may_set_more_fields() -> None:
    """What the caller wrote there does not count: he does not choose the adapter."""
    naming = PlainNaming(lora=[{"id": 1, "scale": 1.0}])
    async with relaying(always(whole()), naming=naming) as relay:
        await relay.chat(lora=[{"id": 9}])
        await relay.chat()
    for received in relay.engine.received:
        assert json.loads(received.body)["lora"] == [{"id": 1, "scale": 1.0}]
        assert received.body.count(b'"lora"') == 1


async def test_a_version_that_cannot_be_named_is_502() -> None:
    """The engine does not hold it."""

    class Lost(PlainNaming):
        def fields(self, version: str | None) -> dict[str, object]:
            raise EngineError(f"the engine does not hold {version}")

    async with relaying(always(whole()), naming=Lost()) as relay:
        line, _, body = await relay.chat()
    assert line == b"HTTP/1.1 502 Bad Gateway"
    assert VERSION in json.loads(body)["error"]["message"]


LOGPROBS = {"content": [{"token": "hi", "logprob": -0.25, "top_logprobs": []}]}


async def test_log_probabilities_for_our_own_use_are_not_seen() -> None:
    """They are asked for, recorded, and taken out of a whole answer and of a stream."""
    shown = {"choices": [{"index": 0, "logprobs": None, "delta": {"content": '"logprobs":{'}}]}
    given = {"choices": [{**shown["choices"][0], "logprobs": LOGPROBS}]}
    whole_given, whole_shown = json.dumps(given).encode(), json.dumps(shown).encode()
    frames = b"data: " + whole_given + b"\n\ndata: [DONE]\n\n"
    pieces = [chunk(frames[at : at + 5]) for at in range(0, len(frames), 5)]
    async with relaying(always(whole(whole_given)), logprobs=True) as relay:
        _, headers, body = await relay.chat()
        assert (await relay.book.next()).response == whole_given
        assert body == whole_shown
        assert headers[b"content-length"] == str(len(whole_shown)).encode()
        relay.engine.script = always(STREAM_HEAD, *pieces, END)
        relay.parts.engine.close()
        _, _, body = await relay.chat(stream=True)
        assert body == b"data: " + whole_shown + b"\n\ndata: [DONE]\n\n"
        assert (await relay.book.next()).response == frames
    for received in relay.engine.received:
        assert json.loads(received.body)["logprobs"] is True


async def test_a_whole_answer_that_is_too_long_goes_on_as_it_came() -> None:
    """It is not held back in memory for the sake of what the caller did not ask for."""
    padded = [{"logprobs": LOGPROBS, "message": {"content": "long " * 300_000}}]
    given = json.dumps({"choices": padded}).encode()
    async with relaying(always(whole(given)), logprobs=True) as relay:
        _, headers, body = await relay.chat()
        assert body == given
        assert headers[b"content-length"] == str(len(given)).encode()
        assert (await relay.book.next()).cut


async def test_a_full_tee_lets_no_log_probabilities_through() -> None:
    """Others' answers fill it; what this caller sees does not depend on them."""
    given = json.dumps({"choices": [{"logprobs": LOGPROBS}]}).encode()
    async with relaying(always(whole(given)), logprobs=True) as relay:
        relay.parts.tee_room.held = relay.parts.tee_room.sum_bytes
        _, _, body = await relay.chat()
        assert json.loads(body) == {"choices": [{"logprobs": None}]}
        assert (await relay.book.next()).cut


async def test_log_probabilities_that_the_caller_asked_for_stay() -> None:
    """Then they are his."""
    answer = json.dumps({"choices": [{"logprobs": LOGPROBS}]}).encode()
    async with relaying(always(whole(answer)), logprobs=True) as relay:
        _, _, body = await relay.chat(logprobs=True, top_logprobs=2)
    assert body == answer
    assert json.loads(relay.engine.received[0].body)["top_logprobs"] == 2


async def test_an_answer_counts_on_the_epoch_it_began_with() -> None:
    """A swap in mid-answer waits for it to land."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await go.wait()
        await peer.send(whole())

    async with relaying(play) as relay:
        asking = asyncio.ensure_future(relay.chat())
        await asyncio.wait_for(asked.wait(), 5)
        relay.parts.router.swap(Route(deployment="support", active=None, epoch=9))
        assert not await relay.parts.flights.landed("support", 3, 0.01)
        go.set()
        _, headers, _ = await asking
        assert await relay.parts.flights.landed("support", 3, 5)
        assert (await relay.book.next()).epoch == 3
    assert headers[b"x-adapter-digest"] == VERSION.partition("@")[2].encode()


async def test_headers_without_end_are_cut_off() -> None:
    """Before anybody has shown a token: memory is bounded."""
    async with relaying(always(whole())) as relay:
        reader, writer = await relay.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ")
        for _ in range(64):
            writer.write(b"a" * (16 << 10))
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()


async def test_many_requests_on_one_connection_have_headers_of_any_sum() -> None:
    """What is bounded is one request's."""
    padded = post(CHAT, chat_body(), b"x-long: " + b"a" * (100 << 10))
    async with relaying(always(whole())) as relay:
        reader, writer = await relay.connect()
        for _ in range(4):
            writer.write(padded)
            line, _, _ = await answer_of(reader)
            assert line == b"HTTP/1.1 200 OK"
        writer.close()
