"""The ASGI messages of one request: reading the body, writing answers, seeing callers leave."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from monitor.gateway.refusal import TOO_LARGE, Refusal, failure

JSON = (b"content-type", b"application/json")
_EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DONE = b"data: [DONE]\n\n"


class CallerGone(Exception):
    """The caller closed the connection."""


class Call:
    """One HTTP request and the way back to its caller.

    Args:
        request_id: the caller's own `X-Request-Id` if it is sound, else a new one.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = Headers(scope=scope)
        self.path_params: dict[str, Any] = scope.get("path_params", {})
        self.request_id = _request_id(self.headers.get("x-request-id"))
        self.adapter: str | None = None  # digest to show, once it is known who answers
        self.started = False
        self._receive = receive
        self._send = send

    @property
    def authorization(self) -> str | None:
        """The header that carries the bearer token."""
        return self.headers.get("authorization")

    async def body(self, limit: int) -> bytes:
        """Read the body. Raises `Refusal` (413) beyond `limit` bytes; `CallerGone`."""
        declared = self.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return b"".join(parts)

    async def gone(self) -> None:
        """Return when the caller has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def answer(
        self, status: int, value: Any, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Send a JSON answer in one part."""
        await self.reply(status, _encode(value).encode(), JSON, headers)

    async def reply(
        self,
        status: int,
        body: bytes,
        content_type: tuple[bytes, bytes],
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send an answer in one part."""
        extra = [(name.encode(), text.encode()) for name, text in headers]
        length = (b"content-length", str(len(body)).encode())
        await self._start(status, [content_type, length, *extra])
        await self._write({"type": "http.response.body", "body": body})

    async def refuse(self, error: Exception) -> int:
        """Send an error in OpenAI's shape; return its status.

        In the middle of a stream it becomes an error frame, followed by `[DONE]`.
        """
        failed = failure(error)
        if self.started:
            await self.event(failed.body)
            await self.end_events()
        else:
            await self.answer(failed.status.code, failed.body, failed.status.headers)
        return failed.status.code

    async def event(self, value: Any) -> None:
        """Send a server-sent event; the first one opens the stream."""
        if not self.started:
            await self._start(200, [_EVENTS, (b"cache-control", b"no-cache")])
        frame = f"data: {_encode(value)}\n\n".encode()
        await self._write({"type": "http.response.body", "body": frame, "more_body": True})

    async def end_events(self) -> None:
        """End the stream as OpenAI's clients expect it."""
        await self._write({"type": "http.response.body", "body": _DONE})

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        own = [(b"x-request-id", self.request_id.encode())]
        if self.adapter is not None:
            own.append((b"x-adapter-digest", self.adapter.encode()))
        await self._write(
            {"type": "http.response.start", "status": status, "headers": [*headers, *own]}
        )

    async def _write(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError as error:
            raise CallerGone from error


def _request_id(offered: str | None) -> str:
    if offered and len(offered) <= 128 and offered.isascii() and offered.isprintable():
        return offered
    return str(uuid.uuid4())


def _too_large(limit: int) -> Refusal:
    return Refusal(f"the body is larger than {limit} bytes, the limit of this service", TOO_LARGE)
