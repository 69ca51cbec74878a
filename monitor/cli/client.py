"""Talks to a running service's operator API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from monitor.config import Config, read_secret
from monitor.errors import (
    BackstopError,
    BadAdapter,
    BadGoldenSet,
    BadRequest,
    ConfigError,
    Conflict,
    EngineError,
    Forbidden,
    GateRefused,
    NotFound,
    Unauthorized,
    Unavailable,
)

OPERATOR_TOKEN_FILE = "operator.token"
_TIMEOUT = aiohttp.ClientTimeout(total=1800, connect=5)

_BY_TYPE: Mapping[str, type[BackstopError]] = {
    "gate_refused": GateRefused,
    "bad_adapter": BadAdapter,
    "bad_golden_set": BadGoldenSet,
    "bad_request": BadRequest,
    "not_found": NotFound,
    "conflict": Conflict,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "engine_error": EngineError,
    "unavailable": Unavailable,
    "config_error": ConfigError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One service and the operator's token for it."""

    url: str
    token: str

    @classmethod
    def of(cls, config: Config) -> Client:
        """Find the service that a configuration describes. Raises `ConfigError` without token."""
        token = read_secret(
            config.data_dir / OPERATOR_TOKEN_FILE,
            "the operator's token (the service makes it when it first starts)",
        )
        return cls(url=config.listen.url, token=token)

    def get(self, path: str, **query: Any) -> Any:
        """Return the decoded answer. Raises a `BackstopError` with the service's own sentence."""
        return self._call("GET", path, params=_plain(query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON and return the decoded answer."""
        return self._call("POST", path, json=dict(body or {}))

    def put_text(self, path: str, text: str) -> Any:
        """Send a text as it is and return the decoded answer."""
        return self._call("PUT", path, data=text.encode())

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        return asyncio.run(self._request(method, path, arguments))

    async def _request(self, method: str, path: str, arguments: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
                session.request(method, self.url + path, **arguments) as response,
            ):
                return _decode(response.status, await response.read(), response.content_type)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(
                f"no service answers at {self.url}; start one with `backstop serve`"
            ) from error


def _plain(query: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in query.items() if value is not None}


def _decode(status: int, body: bytes, content_type: str) -> Any:
    if status < 400:
        return json.loads(body) if content_type == "application/json" else body.decode()
    raise _error(status, body)


def _error(status: int, body: bytes) -> BackstopError:
    """Return the service's own error, as it was raised there."""
    try:
        told = json.loads(body)["error"]
        return _BY_TYPE.get(told["type"], BackstopError)(str(told["message"]))
    except (ValueError, KeyError, TypeError):
        said = body[:200].decode(errors="replace")
        return BackstopError(f"the service answered {status}: {said}")
