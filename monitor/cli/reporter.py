"""Reports exchanges to a running service, as often as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from monitor.cli.client import Client
from monitor.errors import BackstopError, BadRequest, Unauthorized, Unavailable

_AGAIN = frozenset({429, 503})
_PATIENCE_S = 120.0  # that one batch may wait for room
_LONGEST_S = 30.0
_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5)
_KINDS: dict[int, type[BackstopError]] = {
    400: BadRequest,
    401: Unauthorized,
    413: BadRequest,
    415: BadRequest,
}


class Reporter:
    """Posts batches of exchanges to `/v1/exchanges`.

    Args:
        wait: waits so many seconds.
    """

    def __init__(self, client: Client, wait: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self._wait = wait
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {
            "Authorization": f"Bearer {self._client.token}",
            "Content-Type": "application/x-ndjson",
        }
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def report(self, body: bytes) -> None:
        """Report JSON Lines, again after a while where there is no room.

        Raises a `BackstopError` with the service's own sentence; `Unavailable` if it does not
        answer, or has had no room for two minutes.
        """
        waited = 0.0
        while True:
            status, said, pause = await self._post(body)
            if status == 202:
                return
            if status not in _AGAIN:
                raise _KINDS.get(status, BackstopError)(said)
            if waited >= _PATIENCE_S:
                raise Unavailable(said)
            waited += pause
            await self._wait(pause)

    async def _post(self, body: bytes) -> tuple[int, str, float]:
        """Return the status, what the service said, and after how many seconds to come again."""
        if self._session is None:
            raise RuntimeError("a reporter is used within `async with`")
        url = f"{self._client.url}/v1/exchanges"
        try:
            async with self._session.post(url, data=body) as response:
                pause = _pause(response.headers.get("Retry-After", ""))
                return response.status, _said(response.status, await response.read()), pause
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(
                f"no service answers at {self._client.url}; start one with `backstop serve`"
            ) from error


def _said(status: int, body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {status}: {body[:200].decode(errors='replace')}"


def _pause(given: str) -> float:
    """Return the seconds of a Retry-After header; a date, or none, is taken for one second."""
    return min(float(given), _LONGEST_S) if given.isascii() and given.isdigit() else 1.0
