"""Errors as people read them in a browser; programs get them as JSON."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from monitor.errors import BackstopError
from monitor.web import statuses
from monitor.web.pages.rendering import page


def install(app: FastAPI) -> None:
    """Make the app answer browsers with a page, whatever goes wrong."""
    app.add_exception_handler(BackstopError, _on_backstop_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_backstop_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BackstopError)
    if not _is_browser(request):
        return await statuses.on_backstop_error(request, error)
    status, _ = statuses.status_of(error)
    return _page(status, str(error))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _is_browser(request):
        return await statuses.on_http_exception(request, error)
    return _page(error.status_code, error.detail)


def _page(status: int, problem: str) -> Response:
    return page("error.html.jinja", status, code=status, problem=problem)


def _is_browser(request: Request) -> bool:
    """Whether a person looks at the answer: a page of its own, and no fragment of one."""
    accepts = request.headers.get("Accept", "")
    return (
        "text/html" in accepts
        and "HX-Request" not in request.headers
        and not request.url.path.startswith("/api")
    )
