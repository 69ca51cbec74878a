"""Logging in with the operator token, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from monitor.errors import Unauthorized
from monitor.web.context import Context
from monitor.web.identity import COOKIE, session_of
from monitor.web.pages.rendering import page
from monitor.web.sessions import LIFETIME, Session

router = APIRouter()


class LoginNeeded(Unauthorized):
    """A page was asked for without a session."""


async def page_session(request: Request, web: Context) -> Session:
    """Return the session of who looks at a page. Raises `LoginNeeded` if there is none."""
    try:
        session = session_of(request, web)
    except Unauthorized as error:
        raise LoginNeeded(str(error)) from error
    if session is None:
        raise LoginNeeded("Log in first.")
    return session


PageSession = Annotated[Session, Depends(page_session)]


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
        operator = web.tokens.operator(token.strip())
    except Unauthorized:
        return page(
            "login.html.jinja", 401, hint=web.tokens.hint, fault="This is no operator's token."
        )
    cookie, _ = web.sessions.open(operator, web.clock())
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, web: Context, _: PageSession) -> Response:
    """End the session."""
    web.sessions.close(request.cookies.get(COOKIE, ""), web.clock())
    answer = Response(headers={"HX-Redirect": "/login"})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _to_login(request: Request, _: Exception) -> Response:
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse("/login", 303)
