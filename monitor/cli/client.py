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
    BadRequest,
    Conflict,
    NotFound,
    Unauthorized,
    Unavailable,
)

OPERATOR_TOKEN_FILE = "operator.token"
_TIMEOUT = aiohttp.ClientTimeout(total=1800, connect=5)

_BY_STATUS: Mapping[int, type[BackstopError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    422: BadRequest,
    503: Unavailable,
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
        return cls(url=f"http://{config.listen.host}:{config.listen.port}", token=token)

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
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise Unavailable(
                f"no service answers at {self.url}; start one with `backstop serve`"
            ) from error


def _plain(query: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in query.items() if value is not None}


def _decode(status: int, body: bytes, content_type: str) -> Any:
    if status < 400:
        return json.loads(body) if content_type == "application/json" else body.decode()
    raise _BY_STATUS.get(status, BackstopError)(_sentence(status, body))


def _sentence(status: int, body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {status}: {body[:200].decode(errors='replace')}"
