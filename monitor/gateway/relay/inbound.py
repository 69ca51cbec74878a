"""One request of a caller, and the way back to him."""

from __future__ import annotations

import random
from email.utils import formatdate
from typing import Any

import msgspec

from monitor.gateway.refusal import TOO_LARGE, Refusal, failure
from monitor.gateway.relay.asgi import Receive, Scope, Send
from monitor.gateway.relay.headers import OURS, Header, named_by
from monitor.gateway.upstream.errors import CallerGone

_encode = msgspec.json.Encoder().encode


class Inbound:
    """A request as it came.

    Attributes:
        own: the headers that are for us, by name (several of one name as one, with commas);
            passed: the others, written out.
        request_id: the caller's own `X-Request-Id` if it is sound, else a new one.
        id: unlike any other request's.
        status: of the answer, 0 until it has begun.
    """

    __slots__ = ("id", "own", "passed", "receive", "request_id", "scope", "send", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.status = 0
        self.own: dict[bytes, bytes] = {}
        self.passed: list[bytes] = []
        self._sort(scope["headers"])
        self.id = f"{random.getrandbits(128):032x}"
        self.request_id = _sound(self.own.get(b"x-request-id")) or self.id

    @property
    def client(self) -> str:
        """The caller's address."""
        client = self.scope.get("client")
        return client[0] if client else ""

    async def body(self, limit: int) -> bytes:
        """Read the body. Raises `Refusal` (413) beyond `limit` bytes; `CallerGone`."""
        declared = self.own.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise CallerGone("the caller left while sending")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def start(self, status: int, headers: list[Header]) -> None:
        """Send the head of an answer."""
        self.status = status
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, chunk: bytes, *, more: bool) -> None:
        """Send a part of the body, as soon as the caller can take it."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def answer(self, status: int, value: Any, headers: tuple[Header, ...] = ()) -> None:
        """Send a JSON answer of our own."""
        body = _encode(value)
        own = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"date", formatdate(usegmt=True).encode()),
            (b"x-request-id", self.request_id.encode()),
            *headers,
        ]
        await self.start(status, own)
        await self.write(b"" if self.scope["method"] == "HEAD" else body, more=False)

    async def refuse(self, error: Exception) -> None:
        """Send an error in OpenAI's shape."""
        failed = failure(error)
        headers = ((name.encode(), text.encode()) for name, text in failed.status.headers)
        await self.answer(failed.status.code, failed.body, tuple(headers))

    def _sort(self, headers: list[Header]) -> None:
        own, passed = self.own, self.passed
        for name, value in headers:
            if name in OURS:
                own[name] = own[name] + b"," + value if name in own else value
            else:
                passed += (name, b": ", value, b"\r\n")
        named = named_by(own.get(b"connection", b""))
        if named:
            kept = [each for each in headers if each[0] not in OURS and each[0] not in named]
            self.passed = [part for name, value in kept for part in (name, b": ", value, b"\r\n")]


def _sound(offered: bytes | None) -> str | None:
    if not offered or len(offered) > 128 or not offered.isascii():
        return None
    text = offered.decode()
    return text if text.isprintable() else None


def _too_large(limit: int) -> Refusal:
    return Refusal(f"the body is larger than {limit} bytes, the limit of this service", TOO_LARGE)
