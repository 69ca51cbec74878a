"""Logging in with a token, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from monitor.config import Role
from monitor.errors import Unauthorized
from monitor.web.context import Context
from monitor.web.identity import COOKIE, is_safe, refusal, require, session_of
from monitor.web.pages.rendering import page
from monitor.web.refusals import Refused
from monitor.web.sessions import LIFETIME, Session

router = APIRouter()


class LoginNeeded(Unauthorized):
    """A page was asked for without a session."""


async def any_session(request: Request, web: Context) -> Session:
    """Return the session of whoever is logged in. Raises `LoginNeeded` if nobody is."""
    try:
        session = await session_of(request, web)
    except Unauthorized as error:
        raise LoginNeeded(str(error)) from error
    if session is None:
        problem = LoginNeeded("Log in first.")
        if is_safe(request):
            raise problem
        refused = Refused.NO_SESSION if request.cookies.get(COOKIE) else Refused.NO_TOKEN
        raise await refusal(request, web, refused, None, problem)
    return session


AnySession = Annotated[Session, Depends(any_session)]


async def page_session(request: Request, web: Context, session: AnySession) -> Session:
    """Return the session of who looks at a page, or acts on it and may. Raises `Forbidden`."""
    role = Role.VIEWER if is_safe(request) else Role.OPERATOR
    await require(request, web, session.person, role)
    return session


PageSession = Annotated[Session, Depends(page_session)]


async def admin_session(request: Request, web: Context, session: PageSession) -> Session:
    """Return the session of an administrator. Raises `Forbidden`."""
    await require(request, web, session.person, Role.ADMIN)
    return session


AdminSession = Annotated[Session, Depends(admin_session)]


def install(app: FastAPI) -> None:
    """Make the app send whoever has no session to the login page."""
    app.add_exception_handler(LoginNeeded, _to_login)


@router.get("/login")
async def show(web: Context) -> HTMLResponse:
    """Return the login page."""
    return page("login.html.jinja", hint=web.tokens.hint, fault="")


@router.post("/login")
async def log_in(request: Request, web: Context, token: Annotated[str, Form()] = "") -> Response:
    """Open a session for a valid token; else return the login page with what is wrong."""
    try:
        person = web.tokens.person(token.strip())
    except Unauthorized as error:
        await refusal(request, web, Refused.WRONG_TOKEN, None, error)
        return page(
            "login.html.jinja", 401, hint=web.tokens.hint, fault="This is no operator's token."
        )
    cookie, _ = web.sessions.open(person, web.clock())
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_came_by_https(request),
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, web: Context, _: AnySession) -> Response:
    """End the session."""
    web.sessions.close(request.cookies.get(COOKIE, ""), web.clock())
    answer = Response(headers={"HX-Redirect": "/login"})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _came_by_https(request: Request) -> bool:
    """Whether the browser spoke TLS; that a proxy says so is believed, since it only adds care."""
    forwarded = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
    return "https" in (request.url.scheme, forwarded.strip().lower())


async def _to_login(request: Request, _: Exception) -> Response:
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse("/login", 303)
