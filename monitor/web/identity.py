"""Who asks: by bearer token, by a proxy that is trusted, or by the dashboard's session cookie.

Whoever may look may send what changes nothing; every other request needs the role of an operator.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from monitor.config import Role, TrustedProxy
from monitor.errors import BackstopError, Forbidden, Unauthorized
from monitor.web.context import Context, Web
from monitor.web.refusals import Attempt, Refused
from monitor.web.sessions import Session
from monitor.web.tokens import Person
from rollback.actors import is_person

COOKIE = "backstop_session"
CSRF_HEADER = "X-CSRF-Token"
_PEER_HEADER = "X-Backstop-Peer"  # set by the gateway in front, on the socket that it alone reaches
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def person(request: Request, web: Context) -> Person:
    """Return who asks, if they may do it.

    Raises:
        Unauthorized: without a valid token or session, or if a session changes something
            without its CSRF token.
        Forbidden: if their role does not allow it.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = await _holder(request, web, token.strip())
    else:
        session = await session_of(request, web)
        if session is None:
            refused = Refused.NO_SESSION if request.cookies.get(COOKIE) else Refused.NO_TOKEN
            problem = Unauthorized(f"Send `Authorization: Bearer <token>`. {web.tokens.hint}")
            raise await refusal(request, web, refused, None, problem)
        found = session.person
    await require(request, web, found, Role.VIEWER if is_safe(request) else Role.OPERATOR)
    return found


async def operator(found: Annotated[Person, Depends(person)]) -> str:
    """Return the name of who asks, for the audit log."""
    return found.name


async def session_of(request: Request, web: Web) -> Session | None:
    """Return the session that a request belongs to, or `None` if there is none that is valid.

    Raises:
        Unauthorized: if the request would change something without the session's CSRF token.
        Forbidden: if a trusted proxy names somebody who has no role.
    """
    session = await _proxied(request, web) or web.sessions.find(
        request.cookies.get(COOKIE, ""), web.clock()
    )
    if session is None or is_safe(request):
        return session
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), session.csrf.encode()):
        problem = Unauthorized("This page is out of date: reload it and try again.")
        raise await refusal(request, web, Refused.CSRF, session.person.name, problem)
    return session


async def require(request: Request, web: Web, found: Person, role: Role) -> None:
    """Raise `Forbidden` unless a person may do what a role may."""
    if not found.may(role):
        problem = Forbidden(
            f"{found.name} is {found.role.value} here; this needs the role {role.value}."
        )
        raise await refusal(request, web, Refused.ROLE, found.name, problem)


async def refusal(
    request: Request,
    web: Web,
    refused: Refused,
    who: str | None,
    problem: BackstopError,
    *,
    claimed: str = "",
) -> BackstopError:
    """Write a refused request down, and return the error to be raised for it."""
    attempt = Attempt(
        refused=refused,
        who=who,
        method=request.method,
        path=request.url.path,
        peer=peer(request),
        claimed=claimed,
    )
    await run_in_threadpool(web.refusals.note, attempt)
    return problem


def peer(request: Request) -> str:
    """Return the address that a request came from: behind a gateway, as the gateway tells it."""
    if request.client is not None and request.client.host:
        return request.client.host
    return request.headers.get(_PEER_HEADER, "")


def is_safe(request: Request) -> bool:
    """Return whether a request's method changes nothing."""
    return request.method in _SAFE_METHODS


async def _holder(request: Request, web: Web, token: str) -> Person:
    try:
        return web.tokens.person(token)
    except Unauthorized as error:
        raise await refusal(request, web, Refused.WRONG_TOKEN, None, error) from None


async def _proxied(request: Request, web: Web) -> Session | None:
    proxy = web.trusted_proxy
    if proxy is None or not _is_trusted(peer(request), proxy):
        return None
    name = request.headers.get(proxy.header, "").strip()
    if not name:
        return None
    role = proxy.role_of(name) if is_person(name) else None
    if role is None:
        problem = Forbidden(f"{name!r} has no role here: web.trusted_proxy.roles names who has.")
        raise await refusal(request, web, Refused.UNKNOWN_PERSON, None, problem, claimed=name)
    return web.sessions.proxied(Person(name=name, role=role), web.clock())


def _is_trusted(address: str, proxy: TrustedProxy) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in proxy.networks)


Operator = Annotated[str, Depends(operator)]
