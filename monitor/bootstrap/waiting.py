"""Waiting for what a process needs, however long it is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import TypeVar

import structlog
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import database as databases
from monitor.bootstrap.processes import EndedEarly, Ending
from monitor.config import Config
from monitor.errors import Unavailable
from monitor.storage import revision

log = structlog.get_logger(__name__)

_LOOK_S = 0.2

T = TypeVar("T")


@asynccontextmanager
async def database(config: Config, ending: Ending) -> AsyncIterator[Database]:
    """Yield the database once its schema is this version's: another process brings it there.

    Raises `ConfigError` if the database cannot be used as it is configured; `EndedEarly`.
    """
    with ExitStack() as stack:
        sql = await patiently(
            "the database",
            lambda: asyncio.to_thread(stack.enter_context, databases.opened(config)),
            ending,
        )
        await patiently(
            "the database's schema", lambda: asyncio.to_thread(_look_at_schema, sql), ending
        )
        yield sql


async def patiently(what: str, work: Callable[[], Awaitable[T]], ending: Ending) -> T:
    """Do it again and again until it is not `Unavailable` any more.

    Raises `EndedEarly` if the process is told to end meanwhile.
    """
    told = False
    while True:
        try:
            return await work()
        except Unavailable as error:
            if not told:
                log.warning("waits", what=what, error=str(error))
            told = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await ending.asked.wait()
                raise EndedEarly


def _look_at_schema(sql: Database) -> None:
    found = revision.current(sql)
    if found != revision.HEAD:
        raise Unavailable(f"the schema is at {found or 'nothing'} yet, not at {revision.HEAD}")
