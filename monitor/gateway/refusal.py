"""Refusals and failures in OpenAI's shape; the only place with HTTP status codes of `/v1`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from monitor import errors
from monitor.gateway.upstream import errors as upstream


@dataclass(frozen=True, slots=True)
class Status:
    """What an error is over HTTP."""

    code: int
    type: str  # OpenAI's error type
    slug: str | None = None  # OpenAI's error code
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(errors.BackstopError):
    """The gateway refuses a request by itself."""

    def __init__(self, message: str, status: Status, *, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


INVALID = Status(400, "invalid_request_error")
TOO_LARGE = Status(413, "invalid_request_error", "request_too_large", (("connection", "close"),))
UNSUPPORTED = Status(415, "invalid_request_error", "unsupported_media_type")
BUSY = Status(429, "rate_limit_error", "rate_limit_exceeded", (("retry-after", "1"),))
NOT_RELAYED = Status(404, "invalid_request_error", "unknown_url")
ONLY_POST = Status(405, "invalid_request_error", "method_not_allowed", (("allow", "POST"),))
ONLY_GET = Status(405, "invalid_request_error", "method_not_allowed", (("allow", "GET, HEAD"),))
DRAINING = Status(503, "server_error", "draining", (("retry-after", "5"), ("connection", "close")))

_INTERNAL = Status(500, "server_error", "internal_error")
_STATUSES: tuple[tuple[type[Exception], Status], ...] = (
    (errors.BadRequest, INVALID),
    (
        errors.Unauthorized,
        Status(401, "authentication_error", "invalid_api_key", (("www-authenticate", "Bearer"),)),
    ),
    (errors.NotFound, Status(404, "invalid_request_error", "model_not_found")),
    (upstream.Full, BUSY),
    (upstream.Late, Status(504, "server_error", "engine_timeout")),
    (upstream.Broken, Status(502, "server_error", "engine_error")),
    (upstream.Unreachable, Status(503, "server_error", "unavailable", (("retry-after", "5"),))),
    (errors.EngineError, Status(502, "server_error", "engine_error")),
    (errors.Unavailable, Status(503, "server_error", "unavailable", (("retry-after", "5"),))),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as a caller sees it."""

    status: Status
    body: dict[str, Any] = field(default_factory=dict)


def failure(error: Exception) -> Failure:
    """Translate an error. An unforeseen one says nothing about the inside of the service."""
    if isinstance(error, Refusal):
        return _failure(error.status, str(error), error.param)
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return _failure(status, str(error))
    return _failure(
        _INTERNAL, "the service failed; the request id helps its operators find out why"
    )


def invalid(message: str, param: str | None = None) -> Refusal:
    """Return the refusal of a request that cannot be used as it is."""
    return Refusal(message, INVALID, param=param)


def _failure(status: Status, message: str, param: str | None = None) -> Failure:
    error = {"message": message, "type": status.type, "param": param, "code": status.slug}
    return Failure(status, {"error": error})
