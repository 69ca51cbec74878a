"""Who asks: an operator by bearer token, or by the dashboard's session cookie."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request

from monitor.errors import Unauthorized
from monitor.web.context import Context, Web
from monitor.web.sessions import Session

COOKIE = "backstop_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def operator(request: Request, web: Context) -> str:
    """Return the name of the operator who asks.

    Raises:
        Unauthorized: without a valid token or session, or if a session changes something
            without its CSRF token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return web.tokens.operator(token.strip())
    session = session_of(request, web)
    if session is None:
        raise Unauthorized(f"Send `Authorization: Bearer <token>`. {web.tokens.hint}")
    return session.operator


def session_of(request: Request, web: Web) -> Session | None:
    """Return the session of the request's cookie, or `None` if it has none that is valid.

    Raises:
        Unauthorized: if the request would change something without the session's CSRF token.
    """
    session = web.sessions.find(request.cookies.get(COOKIE, ""), web.clock())
    if session is None or request.method in _SAFE_METHODS:
        return session
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), session.csrf.encode()):
        raise Unauthorized("This page is out of date: reload it and try again.")
    return session


Operator = Annotated[str, Depends(operator)]
