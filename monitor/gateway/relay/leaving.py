"""Seeing a caller leave while his answer is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from monitor.gateway.relay.asgi import Message, Receive


class Leaving:
    """Waits for `http.disconnect` beside the answer, and calls back at once.

    It steps through `receive()` itself, from callback to callback: a task that waits there would
    cost a tenth of the whole relay of a short answer.
    """

    __slots__ = ("_cancelled", "_receive", "_then", "_waiting")

    def __init__(self, receive: Receive, then: Callable[[], None]) -> None:
        self._receive = receive
        self._then = then
        self._waiting: Generator[Any, None, Message] | None = None
        self._cancelled = False

    def listen(self) -> None:
        """Begin to wait; one who has left already is heard at once."""
        if not self._cancelled:
            self._listen()

    def cancel(self) -> None:
        """Stop waiting, and never begin."""
        self._cancelled = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.close()

    def _listen(self) -> None:
        self._waiting = self._receive().__await__()
        self._step()

    def _step(self, _: object = None) -> None:
        if self._waiting is None:
            return
        try:
            pending = next(self._waiting)
        except StopIteration as stop:
            self._waiting = None
            self._heard(stop.value)
        else:
            if isinstance(pending, asyncio.Future):
                pending._asyncio_future_blocking = False  # as a task does with what it waits for
                pending.add_done_callback(self._step)
            else:
                asyncio.get_running_loop().call_soon(self._step)

    def _heard(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self._then()
        else:
            self._listen()


class Leavings:
    """Watches over all callers whose answers take longer than a moment.

    Most of what watching costs is its beginning. So it begins for all of them together, at the
    next tick: an answer that is there by then has not paid for it.

    Args:
        tick_s: how much later at most a leaving is seen.
    """

    def __init__(self, tick_s: float = 0.05) -> None:
        self._tick_s = tick_s
        self._young: list[Leaving] = []

    def watch(self, receive: Receive, then: Callable[[], None]) -> Leaving:
        """Call `then` when the caller leaves, unless the watch is cancelled before."""
        leaving = Leaving(receive, then)
        if not self._young:
            asyncio.get_running_loop().call_later(self._tick_s, self._tick)
        self._young.append(leaving)
        return leaving

    def _tick(self) -> None:
        young, self._young = self._young, []
        for leaving in young:
            leaving.listen()
