"""One connection to a server, without a socket: what it makes of bytes, however they are cut."""

from __future__ import annotations

import asyncio

import pytest

from monitor.gateway.upstream.answer import HIGH_WATER, Answer
from monitor.gateway.upstream.connection import Connection
from monitor.gateway.upstream.errors import Broken, CallerGone, Late, UpstreamError
from monitor.gateway.upstream.request import Request

HEAD = b"HTTP/1.1 200 OK\r\nX-A: b\r\ncontent-length: 5\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5;ext="a"\r\nhello\r\n6\r\n w\xc3\xb6rl\r\n1\r\nd\r\n0\r\nx-sum: 1\r\n\r\n'
)


class Wire(asyncio.Transport):
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.paused = False
        self.aborted = False
        self.unsent = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def abort(self) -> None:
        self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Keeper:
    """A home that remembers what came of its connection."""

    def __init__(self) -> None:
        self.kept: list[bool] = []
        self.lost_answers: list[Answer | None] = []
        self.repeated: list[Answer] = []

    def returned(self, connection: Connection, answer: Answer, *, reusable: bool) -> None:
        self.kept.append(reusable)

    def lost(self, connection: Connection, answer: Answer | None) -> None:
        self.lost_answers.append(answer)

    def again(self, answer: Answer) -> None:
        self.repeated.append(answer)


class Line:
    """A connection with an answer on it."""

    def __init__(self, request: Request | None = None) -> None:
        self.home, self.wire = Keeper(), Wire()
        self.connection = Connection(self.home)
        self.connection.connection_made(self.wire)
        self.answer = self.ask(request)

    def ask(self, request: Request | None = None) -> Answer:
        """Send a request."""
        asked = request or Request(b"GET / HTTP/1.1\r\n\r\n")
        self.answer = Answer(asked, idle_s=1.0, deadline=1.0)
        self.connection.ask(self.answer)
        return self.answer

    def feed(self, *parts: bytes) -> None:
        """Let bytes come."""
        for part in parts:
            self.connection.data_received(part)

    async def body(self) -> bytes:
        """Return what the answer holds, to its end."""
        whole = b""
        while not self.answer.exhausted:
            whole += await self.answer.more()
        return whole


def bytewise(raw: bytes) -> list[bytes]:
    """Return each byte by itself."""
    return [raw[at : at + 1] for at in range(len(raw))]


@pytest.mark.parametrize("raw", [HEAD + b"hello", CHUNKED], ids=["length", "chunks"])
async def test_an_answer_may_be_cut_at_every_byte(raw: bytes) -> None:
    """Into two parts anywhere, or into single bytes."""
    cuts = [[raw[:at], raw[at:]] for at in range(1, len(raw))]
    for parts in [*cuts, bytewise(raw), [raw]]:
        line = Line()
        line.feed(*parts)
        await line.answer.head()
        assert line.answer.status == 200
        assert await line.body() == (b"hello" if raw is not CHUNKED else "hello wörld".encode())
        assert line.home.kept == [True]


async def test_headers_are_those_of_the_final_answer() -> None:
    """In their own case and order."""
    line = Line()
    line.feed(HEAD)
    assert line.answer.headers == [(b"X-A", b"b"), (b"content-length", b"5")]
    assert not line.answer.over


async def test_a_small_request_is_one_write_and_a_large_one_is_whole_too() -> None:
    """Small ones are joined; large ones are not copied."""
    for size in (10, 1 << 20):
        line = Line(Request(b"HEAD\r\n\r\n", b"x" * size))
        assert line.wire.sent == b"HEAD\r\n\r\n" + b"x" * size


async def test_answers_follow_one_another() -> None:
    """The parser begins anew with each."""
    line = Line()
    line.feed(HEAD + b"hello")
    line.ask()
    line.feed(CHUNKED)
    assert await line.body() == "hello wörld".encode()
    assert line.home.kept == [True, True]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx a: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: b\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: b\rx-b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
    ],
)
async def test_what_is_not_http_breaks_the_answer(raw: bytes) -> None:
    """The connection is dropped, and the answer says so."""
    line = Line()
    line.feed(raw)
    assert isinstance(line.answer.failure, Broken)
    assert "is not HTTP/1.1" in str(line.answer.failure)
    assert line.wire.aborted


async def test_endless_headers_break_the_answer() -> None:
    """They would fill the memory."""
    line = Line()
    line.feed(b"HTTP/1.1 200 OK\r\n", *([b"x-a: b\r\n" * 1000] * 33))
    assert str(line.answer.failure) == "the engine's answer has endless headers"
    assert line.wire.aborted


@pytest.mark.parametrize("raw", [b"HTTP/1.1 200 OK\r\n", b"\r\nH"])
async def test_an_answer_that_nobody_asked_for_drops_the_connection(raw: bytes) -> None:
    """Right behind another one, or later."""
    line = Line()
    line.feed(HEAD + b"hello" + raw.lstrip())
    assert line.answer.ended
    assert line.wire.aborted
    idle = Line()
    idle.feed(HEAD + b"hello")
    idle.feed(raw)
    assert idle.wire.aborted


async def test_a_slow_reader_pauses_the_server() -> None:
    """And it is read on when what waits is taken."""
    line = Line()
    line.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + b"x" * HIGH_WATER)
    assert not line.wire.paused
    line.feed(b"y")
    assert line.wire.paused
    assert line.answer.buffered == HIGH_WATER + 1
    assert len(await line.answer.more()) == HIGH_WATER + 1
    assert not line.wire.paused
    assert line.answer.buffered == 0


@pytest.mark.parametrize(
    ("end", "reusable"),
    [(b"", True), (b"connection: close\r\n", False), (b"Connection: Keep-Alive\r\n", True)],
)
async def test_the_server_says_whether_it_keeps_the_connection(end: bytes, reusable: bool) -> None:
    """Without a word it does."""
    line = Line()
    line.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + end + b"\r\n")
    assert line.home.kept == [reusable]


async def test_a_request_that_was_not_sent_whole_spoils_its_connection() -> None:
    """The rest of it would be taken for the next one."""
    line = Line()
    line.wire.unsent = 1
    line.feed(HEAD + b"hello")
    assert line.home.kept == [False]


async def test_an_answer_to_head_ends_with_its_head() -> None:
    """Whatever length it names; the parser does not know, so the connection is not used again."""
    line = Line(Request(b"", bodiless=True))
    line.feed(HEAD)
    assert line.answer.ended
    assert line.home.kept == [False]


@pytest.mark.parametrize(
    ("reused", "repeatable", "came", "repeated"),
    [
        (True, True, b"", True),
        (False, True, b"", False),
        (True, False, b"", False),
        (True, True, b"H", False),
    ],
)
async def test_only_what_cannot_have_been_answered_is_sent_again(
    reused: bool, repeatable: bool, came: bytes, repeated: bool
) -> None:
    """On a connection that had been used, before the first byte, if twice does no harm."""
    line = Line()
    if reused:
        line.feed(HEAD + b"hello")
        line.ask(Request(b"", repeatable=repeatable))
    if came:
        line.feed(came)
    line.connection.connection_lost(ConnectionResetError())
    assert line.home.repeated == ([line.answer] if repeated else [])
    assert isinstance(line.answer.failure, Broken) is not repeated


async def test_the_reader_gets_what_came_before_the_failure() -> None:
    """Only then he is told."""
    line = Line()
    line.feed(HEAD + b"he")
    line.connection.connection_lost(None)
    assert await line.answer.more() == b"he"
    with pytest.raises(Broken, match="in mid-answer"):
        await line.answer.more()


async def test_a_reset_is_no_end_of_a_body_without_length() -> None:
    """An orderly close is."""
    for error, ended in ((None, True), (ConnectionResetError(), False)):
        line = Line()
        line.feed(b"HTTP/1.1 200 OK\r\n\r\nhello")
        line.connection.connection_lost(error)
        assert line.answer.ended is ended
        assert await line.answer.more() == b"hello"


async def test_an_aborted_answer_forgets_what_came_and_drops_its_connection() -> None:
    """Nobody wants it; what comes later is not looked at."""
    line = Line()
    line.feed(HEAD + b"he")
    line.answer.abort(CallerGone("left"))
    assert line.wire.aborted
    with pytest.raises(CallerGone):
        await line.answer.more()
    line.answer.abort(CallerGone("left twice"))
    assert line.home.lost_answers == [line.answer]


async def test_an_answer_that_has_ended_cannot_be_aborted() -> None:
    """Its connection may be carrying the next one."""
    line = Line()
    line.feed(HEAD + b"hello")
    line.answer.abort(CallerGone("left"))
    assert not line.wire.aborted
    assert await line.body() == b"hello"


@pytest.mark.parametrize(("came", "kind"), [(b"", Late), (HEAD, Broken)])
async def test_an_answer_that_stalls_expires(came: bytes, kind: type[UpstreamError]) -> None:
    """Too late for the first byte, or broken in the middle."""
    line = Line()
    line.feed(*bytewise(came))
    line.answer.expire()
    assert isinstance(line.answer.failure, kind)
    assert line.wire.aborted
