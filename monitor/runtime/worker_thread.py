"""One thread that works in order, and that the end of the process does not wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class WorkerThread:
    """Runs calls one after the other.

    A `ThreadPoolExecutor` would keep the interpreter alive until its last call returns; one that
    hangs would make SIGTERM hang too.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[], T]) -> T:
        """Return what the call returns, or raise what it raises."""
        future: Future[T] = Future()
        self._calls.put(lambda: _fulfil(future, call))
        return await asyncio.wrap_future(future)

    def close(self, limit_s: float) -> bool:
        """Let the calls in hand end, for so long at most; return whether they did."""
        self._calls.put(None)
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _fulfil(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
