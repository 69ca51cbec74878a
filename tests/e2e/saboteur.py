"""Kills the service in the middle of things, and brings it back."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from monitor.cli.client import Client
from monitor.demo.stage import Service
from monitor.errors import BackstopError, Conflict, Unavailable


class Saboteur:
    """Ends the service with SIGKILL when a moment comes, once for each moment, and restarts it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._back = threading.Event()
        self._back.set()
        self._restarting: set[asyncio.Task[None]] = set()
        self.moments: list[str] = []

    def strike(self, moment: str) -> None:
        """Kill and restart, if this moment has not been used yet; from any thread."""
        if moment in self.moments:
            return
        self.moments.append(moment)
        self._back.clear()
        self._loop.call_soon_threadsafe(self._begin)

    def wait(self) -> None:
        """Block until the service is back; not on the event loop."""
        self._back.wait(timeout=60)

    async def finish(self) -> None:
        """Wait for restarts under way."""
        await asyncio.gather(*self._restarting)

    def _begin(self) -> None:
        self._restarting.add(asyncio.create_task(self._restart()))

    async def _restart(self) -> None:
        await self._service.stop(signal.SIGKILL)
        await self._service.start()
        self._back.set()


class StubbornOperator:
    """An operator who asks again when the service died under the request.

    Args:
        before: is told each call before it is made, with the words `METHOD path`.
    """

    def __init__(self, client: Client, saboteur: Saboteur, before: Callable[[str], None]) -> None:
        self._client = client
        self._saboteur = saboteur
        self._before = before

    def get(self, path: str, **query: Any) -> Any:
        """Return the decoded answer."""
        return self._insist("GET " + path, lambda: self._client.get(path, **query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON; a promotion that was done before the kill is done."""
        return self._insist("POST " + path, lambda: self._client.post(path, body))

    def put_text(self, path: str, text: str) -> Any:
        """Send a text."""
        return self._insist("PUT " + path, lambda: self._client.put_text(path, text))

    def _insist(self, words: str, call: Callable[[], Any]) -> Any:
        self._before(words)
        for _ in range(5):
            self._saboteur.wait()
            try:
                return call()
            except Unavailable:
                continue
            except Conflict as error:
                if "already" in str(error):
                    return None
                raise
            except BackstopError as error:
                if "answered 5" not in str(error):
                    raise
        raise Unavailable("the service did not come back")
