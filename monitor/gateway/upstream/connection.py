"""One connection to a server: bytes out, bytes in, one exchange at a time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol, cast

import httptools

from monitor.gateway.upstream.answer import Answer
from monitor.gateway.upstream.errors import Broken

_MOST_HEAD = 256 << 10
_JOINED = 16 << 10  # up to here one copy is cheaper than a second write


class Home(Protocol):
    """Whoever keeps connections."""

    def returned(self, connection: Connection, answer: Answer, *, reusable: bool) -> None:
        """Take a connection back whose exchange has come to its end."""

    def lost(self, connection: Connection, answer: Answer | None) -> None:
        """Forget a connection, and the exchange that it was on, if any."""

    def again(self, answer: Answer) -> None:
        """Ask once more, over a new connection."""


class Connection(asyncio.Protocol):
    """Carries exchanges one after the other; the methods `on_…` are the parser's callbacks."""

    def __init__(self, home: Home) -> None:
        self.idle_since = 0.0
        self._home = home
        self._parser = httptools.HttpResponseParser(self)
        self._paused = False
        self._answer: Answer | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._interim = False
        self._exchanges = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, answer: Answer) -> None:
        """Send a request whose answer shall go there."""
        self._answer = answer
        self._head_bytes = 0
        self._exchanges += 1
        answer.source = self
        request = answer.request
        if len(request.body) <= _JOINED:
            self.transport.write(request.head + request.body)
        else:
            self.transport.writelines((request.head, request.body))

    def pause(self) -> None:
        """Stop reading: the caller is slower than the server."""
        self._paused = True
        self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def drop(self) -> None:
        """Close at once, so that the server stops working."""
        answer, self._answer = self._answer, None
        self.transport.abort()
        self._home.lost(self, answer)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and tell the reader once."""
        answer = self._answer
        if answer is None:
            self.drop()  # nobody has asked
            return
        if not answer.status:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(answer, f"the engine's answer is not HTTP/1.1: {error}")
            return
        if not answer.status and self._head_bytes > _MOST_HEAD:
            self._break(answer, "the engine's answer has endless headers")
        answer.touch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Find out what the end of the connection means for the answer."""
        answer, self._answer = self._answer, None
        if answer is not None:
            self._explain(answer, exc)
        self._home.lost(self, answer)

    def on_message_begin(self) -> None:
        """Begin an answer; one that nobody asked for ends the connection."""
        self._headers = []
        if self._answer is None:
            self.drop()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the head; an interim one (1xx) is passed over."""
        status = self._parser.get_status_code()
        self._interim = status < 200
        answer = self._answer
        if self._interim or answer is None:
            return
        answer.begin(status, self._headers)
        if answer.request.bodiless:
            self._end(reusable=False)  # the parser would wait for the body

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if self._answer is not None:
            self._answer.add(data)

    def on_message_complete(self) -> None:
        """Take the end of a body."""
        if not self._interim:
            self._end(reusable=self._parser.should_keep_alive())

    def _end(self, *, reusable: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        answer.end()
        self.idle_since = time.monotonic()
        unsent = self.transport.get_write_buffer_size() > 0
        self._home.returned(self, answer, reusable=reusable and not unsent)

    def _break(self, answer: Answer, reason: str) -> None:
        answer.fail(Broken(reason))
        self.drop()

    def _explain(self, answer: Answer, exc: Exception | None) -> None:
        """Tell an answer without length, which ends with its connection, from a broken one.

        A server may close an idle connection in the very moment in which a request is on its way:
        then it has not read it, and it is sent again, once, over a new connection. A server that
        read it and died looks the same. So only what may be asked twice is: RFC 9110 §9.2.2 allows
        it where the client knows that a second request does no harm, and a completion changes
        nothing. nginx and aiohttp know less about their requests and never repeat a POST.
        """
        if answer.status:
            if exc is None and _ends_with_connection(answer):
                answer.end()
                answer.touch()
            else:
                answer.fail(Broken("the engine closed the connection in mid-answer"))
        elif self._exchanges > 1 and not self._head_bytes and answer.request.repeatable:
            self._home.again(answer)
        else:
            answer.fail(Broken("the engine closed the connection without an answer"))


def _ends_with_connection(answer: Answer) -> bool:
    """Whether neither a length nor chunks tell where the body ends (RFC 9112 §6.3)."""
    names = {name.lower() for name, _ in answer.headers}
    return not names & {b"content-length", b"transfer-encoding"}
