"""What every process of the service does first and last."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvloop

from monitor.bootstrap.supervisor import FATAL
from monitor.errors import BackstopError, ConfigError
from monitor.runtime.loops import Loop, keep_running
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

FAILED = 1


class EndedEarly(Exception):
    """The process was told to end before it had what it needs."""


class Ending:
    """Tells a process that it shall end: at once if it is told twice."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.in_haste = asyncio.Event()

    def ask(self) -> None:
        """Ask for the end."""
        (self.in_haste if self.asked.is_set() else self.asked).set()


def run(name: str, work: Callable[[Ending], Coroutine[Any, Any, None]]) -> int:
    """Run a process' work on an event loop of its own; return the exit status.

    SIGTERM asks for the end. An error of ours is one line; one of the configuration is fatal, for
    starting again would not help.
    """

    async def main() -> None:
        ending = Ending()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.ask)
        await work(ending)

    try:
        uvloop.run(main())
    except EndedEarly:
        return 0
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return FATAL
    except BackstopError as error:
        log.error("process gives up", process=name, error=str(error))
        return FAILED
    return 0


async def first_of(*works: Awaitable[object]) -> None:
    """Return when the first of several works is done; the others are cancelled but for tasks.

    A task that was handed in goes on: it is its owner's. Raises what a work that is done raised.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for work, task in zip(works, tasks, strict=True):
            if task is not work:
                task.cancel()


@asynccontextmanager
async def kept_running(loops: Mapping[str, Loop], troubles: Troubles) -> AsyncIterator[None]:
    """Keep loops running from here to the end of the block."""
    tasks = [
        asyncio.create_task(keep_running(name, loop, troubles), name=name)
        for name, loop in loops.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
