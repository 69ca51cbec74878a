"""What happens to an exception that nobody foresaw: it is logged, and answered in one shape."""

from __future__ import annotations

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.statuses import error_body

log = structlog.get_logger(__name__)

_MESSAGE = "Something unexpected failed; the service's log says what."


class Defects:
    """ASGI middleware: answers a defect with 500 and says no more than that there was one.

    Once an answer has begun its status is out, and only the connection can tell: the exception
    goes on to the server, which closes it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and catch what comes back."""
        began = False

        async def noting(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or began:
                raise
            log.error("defect", method=scope["method"], path=scope["path"], exc_info=error)
            await JSONResponse(error_body(_MESSAGE, "internal_error"), 500)(scope, receive, send)
