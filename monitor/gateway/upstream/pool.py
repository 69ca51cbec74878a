"""A server, and the connections to it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Collection

from monitor.gateway.upstream.address import Address, Limits
from monitor.gateway.upstream.answer import Answer
from monitor.gateway.upstream.connection import Connection
from monitor.gateway.upstream.errors import Full, Unreachable
from monitor.gateway.upstream.request import Request


class Upstream:
    """Asks one server, over connections that are kept and used again.

    One timer looks after all limits: a timer for each answer would cost more than the answer.

    Args:
        places: requests that may be with the server at once.
    """

    def __init__(
        self, address: Address, limits: Limits | None = None, *, places: int = 2048
    ) -> None:
        self.address = address
        self.places = places
        self._limits = limits or Limits()
        self._tls = ssl.create_default_context() if address.tls else None
        self._idle: list[Connection] = []  # the last one used is used next
        self._active: set[Answer] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        shortest = min(self._limits.first_byte_s, self._limits.idle_s, self._limits.keep_s)
        self._tick_s = min(1.0, shortest / 4)

    @property
    def in_use(self) -> int:
        """How many requests are with the server, or on their way to it."""
        return len(self._active)

    @property
    def under_way(self) -> Collection[Answer]:
        """The answers that have not come to their end."""
        return self._active

    @property
    def idle(self) -> int:
        """How many connections are kept for later."""
        return len(self._idle)

    def ask(self, request: Request) -> Answer:
        """Send a request, and return the answer that will come.

        A request that must not be sent twice goes over a connection of its own, which cannot have
        gone stale. Raises `Full`.
        """
        if len(self._active) >= self.places:
            raise Full(f"{self.places} requests are with the engine already; ask again shortly")
        now = time.monotonic()
        limits = self._limits
        answer = Answer(request, idle_s=limits.idle_s, deadline=now + limits.first_byte_s)
        self._active.add(answer)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._sweep)
        connection = self._kept(now) if request.repeatable else None
        if connection is None:
            self.again(answer)
        else:
            connection.ask(answer)
        return answer

    def close(self) -> None:
        """Drop every connection that waits; answers under way go on."""
        while self._idle:
            self._idle[-1].drop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def returned(self, connection: Connection, answer: Answer, *, reusable: bool) -> None:
        """Keep a connection whose exchange is over, if it can be used again."""
        self._active.discard(answer)
        if reusable:
            connection.resume()
            self._idle.append(connection)
        else:
            connection.drop()

    def lost(self, connection: Connection, answer: Answer | None) -> None:
        """Forget a connection, and the exchange that ended with it."""
        if answer is not None and answer.over:
            self._active.discard(answer)
        elif answer is None and connection in self._idle:
            self._idle.remove(connection)

    def again(self, answer: Answer) -> None:
        """Ask over a new connection."""
        task = asyncio.get_running_loop().create_task(self._connect(answer))
        answer.source = _Attempt(self, answer, task)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def forget(self, answer: Answer) -> None:
        """Give up an answer that has no connection yet."""
        self._active.discard(answer)

    def _kept(self, now: float) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since < self._limits.keep_s:
                if not connection.transport.is_closing():
                    return connection
            else:
                connection.drop()
        return None

    async def _connect(self, answer: Answer) -> None:
        try:
            async with asyncio.timeout(self._limits.connect_s):
                connection = await self._open()
        except OSError as error:  # a time-out is one too
            reason = (
                "in time" if isinstance(error, TimeoutError) else f"({error.strerror or error})"
            )
            answer.fail(Unreachable(f"the engine at {self.address} cannot be reached {reason}"))
            self._active.discard(answer)
            return
        answer.deadline = time.monotonic() + self._limits.first_byte_s
        connection.ask(answer)

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        address = self.address
        if address.socket is not None:
            _, connection = await loop.create_unix_connection(
                lambda: Connection(self), str(address.socket)
            )
        else:
            _, connection = await loop.create_connection(
                lambda: Connection(self), address.host, address.port, ssl=self._tls
            )
        return connection

    def _sweep(self) -> None:
        """Stop answers that are over their limit, and close what nobody has used for long."""
        now = time.monotonic()
        for answer in [each for each in self._active if each.deadline < now]:
            answer.expire()
        oldest = now - self._limits.keep_s
        for connection in [each for each in self._idle if each.idle_since < oldest]:
            connection.drop()
        self._timer = None
        if self._active or self._idle:
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._sweep)


class _Attempt:
    """The source of an answer while its connection is being made."""

    def __init__(self, home: Upstream, answer: Answer, task: asyncio.Task[None]) -> None:
        self._home, self._answer, self._task = home, answer, task

    def pause(self) -> None:
        """Do nothing: nothing comes yet."""

    def resume(self) -> None:
        """Do nothing: nothing comes yet."""

    def drop(self) -> None:
        """Stop connecting."""
        self._task.cancel()
        self._home.forget(self._answer)
