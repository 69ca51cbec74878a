"""What every endpoint of `/v1` does with errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.types import Receive, Scope, Send

from monitor.errors import BackstopError
from monitor.gateway.http import Call, CallerGone


class Handler(Protocol):
    """Answers one call, or raises an error that becomes the answer."""

    async def handle(self, call: Call) -> None:
        """Answer. Raises `BackstopError`."""


class Endpoint:
    """An ASGI application around a handler.

    Args:
        refused: counts a refusal by its status.
    """

    def __init__(self, handler: Handler, refused: Callable[[int], None]) -> None:
        self._handler = handler
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive, send)
        try:
            await self._handler.handle(call)
        except CallerGone:
            return
        except BackstopError as error:
            await self._refuse(call, error)
        except Exception as error:
            await self._refuse(call, error)
            raise  # a defect: the server logs it

    async def _refuse(self, call: Call, error: Exception) -> None:
        try:
            self._refused(await call.refuse(error))
        except CallerGone:
            return
