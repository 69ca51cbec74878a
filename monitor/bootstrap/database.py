"""Opens the database: the embedded server in the data directory, or the one that a URL names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.bootstrap import data_folder
from monitor.config import Config
from monitor.errors import BackstopError, DatabaseUnavailable
from monitor.runtime.loops import Loop
from monitor.storage import revision
from monitor.storage.database import open_engine, transaction
from monitor.storage.embedded import Embedded, for_owner, for_service

log = structlog.get_logger(__name__)

EMBEDDED = "embedded"
_LOOK_S = 1.0
_SCORERS_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedDatabase:
    """The embedded server together with the engine that works on it."""

    server: Embedded
    engine: Engine

    async def supervise(self) -> None:
        """Look at the server every second until cancelled, and start it again if it is gone."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await asyncio.to_thread(self.revive)

    def revive(self) -> None:
        """Start the server unless it answers; what prevents that is logged, and tried again.

        The socket keeps its path, so that the engine connects anew by itself.
        """
        if self._answers():
            return
        try:
            self.server.start()
        except BackstopError as error:
            log.error("the embedded database does not start", error=str(error))
        else:
            log.warning("the embedded database did not answer; it is up again")

    def _answers(self) -> bool:
        try:
            with transaction(self.engine) as connection:
                connection.execute(text("SELECT 1"))
        except DatabaseUnavailable:
            return False
        return True


@contextmanager
def opened(config: Config) -> Iterator[Engine]:
    """Yield an engine; an embedded server runs as long as somebody has it open.

    Raises `ConfigError` or `DatabaseUnavailable` with one sentence.
    """
    data_folder.prepare(config.data_dir)
    if is_embedded(config):
        with embedded(config) as database:
            yield database.engine
        return
    engine = open_engine(config.database.get_secret_value())
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def embedded(config: Config) -> Iterator[EmbeddedDatabase]:
    """Yield the embedded server, which `supervise` keeps alive, and its engine.

    Raises `ConfigError` or `DatabaseUnavailable` with one sentence.
    """
    data_folder.prepare(config.data_dir)
    server = Embedded(config.data_dir / "postgres")
    engine = open_engine(for_service(server.start()))
    try:
        yield EmbeddedDatabase(server=server, engine=engine)
    finally:
        engine.dispose()
        server.stop()


@contextmanager
def kept_alive(config: Config) -> Iterator[tuple[Engine, Mapping[str, Loop]]]:
    """Yield an engine, and the loop that keeps the server alive where it is ours.

    Raises `ConfigError` or `DatabaseUnavailable` with one sentence.
    """
    if not is_embedded(config):
        with opened(config) as engine:
            yield engine, {}
        return
    with embedded(config) as ours:
        yield ours.engine, {"database server": ours.supervise}


@contextmanager
def impatient(engine: Engine) -> Iterator[Engine]:
    """Yield an engine on the same database for the scorer's writes.

    A Postgres that hangs must not hold them up for long: there is a disk to write to meanwhile.
    """
    url = engine.url.render_as_string(hide_password=False)
    hasty = open_engine(url, pool_size=2, patience_s=_SCORERS_PATIENCE_S)
    try:
        yield hasty
    finally:
        hasty.dispose()


@contextmanager
def owned(config: Config, engine: Engine) -> Iterator[Engine]:
    """Yield an engine on the same database as the owner of the tables.

    In a database of yours that is whoever its URL names.
    """
    if not is_embedded(config):
        yield engine
        return
    owner = open_engine(for_owner(engine.url.render_as_string(hide_password=False)), pool_size=1)
    try:
        yield owner
    finally:
        owner.dispose()


def is_embedded(config: Config) -> bool:
    """Whether the database is a server of our own."""
    return config.database.get_secret_value() == EMBEDDED


def bring_up_to_date(config: Config, engine: Engine) -> None:
    """Make the schema where that is ours to do: in an embedded or an empty database.

    Raises `ConfigError` for an older schema in a database of yours, or a newer one.
    """
    found = revision.current(engine)
    if found is None or (is_embedded(config) and found != revision.HEAD):
        from monitor.storage import migrate  # Alembic, which most starts have no use for

        with owned(config, engine) as owner:
            migrate.upgrade(owner)
    revision.require_current(engine)
