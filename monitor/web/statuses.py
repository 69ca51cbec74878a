"""The only place that knows which HTTP status an error is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from monitor import errors

_STATUSES: tuple[tuple[type[errors.BackstopError], int, str], ...] = (
    (errors.GateRefused, 409, "gate_refused"),
    (errors.BadAdapter, 400, "bad_adapter"),
    (errors.BadGoldenSet, 400, "bad_golden_set"),
    (errors.BadRequest, 400, "bad_request"),
    (errors.NotFound, 404, "not_found"),
    (errors.Conflict, 409, "conflict"),
    (errors.Unauthorized, 401, "unauthorized"),
    (errors.Forbidden, 403, "forbidden"),
    (errors.EngineError, 502, "engine_error"),
    (errors.Unavailable, 503, "unavailable"),
    (errors.ConfigError, 500, "config_error"),
    (errors.BackstopError, 500, "internal_error"),
)

_KINDS = {404: "not_found", 413: "too_large"}


def status_of(error: errors.BackstopError) -> tuple[int, str]:
    """Return the HTTP status and the type that stands in the answer's body."""
    return next((status, kind) for cls, status, kind in _STATUSES if isinstance(error, cls))


def error_body(
    message: str, kind: str, numbers: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Return the body of every error of the operator API."""
    body: dict[str, Any] = {"message": message, "type": kind}
    return {"error": body | {"numbers": dict(numbers)} if numbers else body}


def install(app: FastAPI) -> None:
    """Make the app answer the errors it knows as JSON with their status; see `defects`."""
    app.add_exception_handler(errors.BackstopError, on_backstop_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_exception)


async def on_backstop_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of ours as JSON."""
    assert isinstance(error, errors.BackstopError)
    status, kind = status_of(error)
    numbers = error.numbers if isinstance(error, errors.GateRefused) else None
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(error_body(str(error), kind, numbers), status, headers)


async def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        for fault in error.errors()
    ]
    return JSONResponse(error_body("; ".join(faults), "bad_request"), 400)


async def on_http_exception(_: Request, error: Exception) -> JSONResponse:
    """Answer a path or a method that is not there, or a body that is too large, as JSON."""
    assert isinstance(error, HTTPException)
    kind = _KINDS.get(error.status_code, "bad_request")
    return JSONResponse(error_body(error.detail, kind), error.status_code, error.headers)
