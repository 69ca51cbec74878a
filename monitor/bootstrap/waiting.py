"""Waiting for what a process needs, however long it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import TypeVar

import structlog
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import database as databases
from monitor.config import Config
from monitor.errors import Unavailable
from monitor.storage import migrate

log = structlog.get_logger(__name__)

_LOOK_S = 0.2

T = TypeVar("T")


@asynccontextmanager
async def database(config: Config) -> AsyncIterator[Database]:
    """Yield the database once its schema is this version's: another process brings it there.

    Raises `ConfigError` if the database cannot be used as it is configured.
    """
    with ExitStack() as stack:
        opening = databases.opened(config)
        sql = await patiently(
            "the database", lambda: asyncio.to_thread(stack.enter_context, opening)
        )
        await patiently("the database's schema", lambda: asyncio.to_thread(_look_at_schema, sql))
        yield sql


async def patiently(what: str, work: Callable[[], Awaitable[T]]) -> T:
    """Do it again and again until it is not `Unavailable` any more."""
    told = False
    while True:
        try:
            return await work()
        except Unavailable as error:
            if not told:
                log.warning("waits", what=what, error=str(error))
            told = True
            await asyncio.sleep(_LOOK_S)


def _look_at_schema(sql: Database) -> None:
    found = migrate.current(sql)
    if found != migrate.head():
        raise Unavailable(f"the schema is at {found or 'nothing'} yet, not at {migrate.head()}")
