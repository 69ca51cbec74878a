"""Speaks HTTP with an engine's server: time limits on everything, and its errors in our words."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from monitor.engines.servers.events import EventReader
from monitor.errors import EngineError, Unavailable

_LOOK_S = 5.0  # for questions that a healthy server answers in milliseconds
_AWAY = frozenset({429, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_LONG = 500  # characters of a server's sentence that are passed on


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's whole answer.

    Args:
        content: its JSON, or the text where it is none.
    """

    status: int
    content: Any

    @property
    def ok(self) -> bool:
        """Whether the server did it."""
        return self.status == 200

    @property
    def sentence(self) -> str:
        """What the server says is wrong, in its own words."""
        return _sentence(self.content)[:_LONG] or f"status {self.status}"


class Refusal(EngineError):
    """The server refuses a request; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.sentence)
        self.reply = reply


class Client:
    """One server's HTTP. The session is opened in the event loop that first needs it.

    Args:
        url: without a slash at its end.
        key: sent as bearer token, if the server wants one.
        key_setting: which setting names the key's file, for people.
        connect_s, first_byte_s, idle_s: limits in seconds, until it is connected, until an answer
            begins, and between two parts of an answer.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        key_setting: str = "engine.api_key_file",
        connect_s: float,
        first_byte_s: float,
        idle_s: float,
    ) -> None:
        self.url = url
        self._key_setting = key_setting
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._connect_s = connect_s
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s
        self._session: aiohttp.ClientSession | None = None

    async def look(self, path: str) -> Reply:
        """Ask for something. Raises `Unavailable` or, if our key is refused, `EngineError`."""
        return await self._whole("GET", path, None, _LOOK_S)

    async def ask(self, path: str) -> Any:
        """Return the JSON found at a path. Raises `EngineError` if there is none; `Unavailable`."""
        reply = await self.look(path)
        if not reply.ok:
            raise EngineError(
                f"{self.url}{path} answers {reply.status} ({reply.sentence}); "
                "engine.kind and engine.url must be those of the server"
            )
        return reply.content

    async def post(self, path: str, body: Mapping[str, Any], limit_s: float) -> Reply:
        """Have something done. Raises `Unavailable` or, if our key is refused, `EngineError`."""
        return await self._whole("POST", path, body, limit_s)

    async def stream(
        self, path: str, body: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the events of a streamed answer.

        Closing the generator closes the connection, which is how these servers are told to stop.

        Raises:
            Refusal: the server does not begin to answer, and says why.
            Unavailable: the server is away, or its answer breaks off.
            EngineError: what it sends are no events; our key is refused.
        """
        events = EventReader()
        async with self._asked("POST", path, body, self._first_byte_s) as response:
            if response.status != 200:
                raise Refusal(await self._reply(response, self._idle_s))
            while not events.done and (part := await self._part(response)):
                for event in events.feed(part):
                    yield event

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _whole(
        self, method: str, path: str, body: Mapping[str, Any] | None, limit_s: float
    ) -> Reply:
        begun = asyncio.get_running_loop().time()
        async with self._asked(method, path, body, limit_s) as response:
            spent_s = asyncio.get_running_loop().time() - begun
            return await self._reply(response, limit_s - spent_s)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None, limit_s: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and wait for the head of its answer; translate what goes wrong."""
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(limit_s):
                response = await self._opened().request(
                    method, self.url + path, json=body, headers=self._headers, allow_redirects=False
                )
            await self._require_answer(response)
            yield response
        except TimeoutError as error:
            raise Unavailable(f"{self.url}{path} did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{self.url} does not answer: {_reason(error)}") from error
        finally:
            if response is not None:
                response.close()

    async def _require_answer(self, response: aiohttp.ClientResponse) -> None:
        """Raise what has nothing to do with the question."""
        if response.status in _REFUSED:
            raise EngineError(
                f"{self.url} refuses our key (status {response.status}); write the server's API "
                f"key into a file and name that as {self._key_setting}"
            )
        if response.status in _AWAY:
            reply = await self._reply(response, _LOOK_S)
            raise Unavailable(f"{self.url} cannot answer now: {reply.sentence}")

    async def _part(self, response: aiohttp.ClientResponse) -> bytes:
        async with asyncio.timeout(self._idle_s):
            return await response.content.readany()

    async def _reply(self, response: aiohttp.ClientResponse, limit_s: float) -> Reply:
        async with asyncio.timeout(limit_s):
            raw = await response.read()
        try:
            return Reply(status=response.status, content=json.loads(raw))
        except ValueError:
            return Reply(status=response.status, content=raw.decode("utf-8", "replace"))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s)
            self._session = aiohttp.ClientSession(timeout=limits)
        return self._session


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def _sentence(content: Any) -> str:
    """Find the sentence: each server, and each of its layers, wraps it differently."""
    if isinstance(content, str):
        return " ".join(content.split())
    if isinstance(content, Mapping):
        for key in ("error", "message", "error_message", "detail"):
            if content.get(key):
                return _sentence(content[key])
    if isinstance(content, list) and content:
        return _sentence(content[0].get("msg") if isinstance(content[0], Mapping) else content[0])
    return ""
