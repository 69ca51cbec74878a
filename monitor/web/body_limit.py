"""How much a caller may send: a body is cut off before it fills the memory."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIB = 1024 * 1024


class BodyLimit:
    """ASGI middleware: a body over the limit of its method is answered with 413.

    FastAPI reads a body before it asks who sends it, so this also stands against strangers.

    Args:
        most: bytes of a body, where its method has no limit of its own.
        by_method: bytes by method.
        except_under: path prefix that has limits of its own (the data plane).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most: int = MIB // 4,
        by_method: Mapping[str, int] | None = None,
        except_under: str = "/v1/",
    ) -> None:
        self._app = app
        self._most = most
        self._by_method = dict(by_method or {})
        self._except_under = except_under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body counted as it is read."""
        if scope["type"] != "http" or scope["path"].startswith(self._except_under):
            await self._app(scope, receive, send)
            return
        most = self._by_method.get(scope["method"], self._most)
        await self._app(scope, _counted(receive, most), send)


def _counted(receive: Receive, most: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, f"The body is larger than {_size(most)}.")
        return message

    return counted


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count // 1024} KiB"
