"""Opens the database: the embedded server in the data directory, or the one that a URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Engine

from monitor.config import Config
from monitor.errors import ConfigError
from monitor.storage import migrate
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded

EMBEDDED = "embedded"


@contextmanager
def opened(config: Config) -> Iterator[Engine]:
    """Yield an engine; an embedded server runs as long as somebody has it open.

    Raises `ConfigError` or `DatabaseUnavailable` with one sentence.
    """
    prepare_folder(config.data_dir)
    value = config.database.get_secret_value()
    if value != EMBEDDED:
        engine = open_engine(value)
        try:
            yield engine
        finally:
            engine.dispose()
        return
    server = Embedded(config.data_dir / "postgres")
    engine = open_engine(server.start())
    try:
        yield engine
    finally:
        engine.dispose()
        server.stop()


def bring_up_to_date(config: Config, engine: Engine) -> None:
    """Make the schema where that is ours to do: in an embedded or an empty database.

    Raises `ConfigError` for an older schema in a database of yours, or a newer one.
    """
    ours = config.database.get_secret_value() == EMBEDDED
    if ours or migrate.current(engine) is None:
        migrate.upgrade(engine)
    migrate.require_current(engine)


def prepare_folder(folder: Path) -> None:
    """Make the data directory. Raises `ConfigError` if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"data_dir: {folder} cannot be made: {error.strerror}; name a folder you may write"
        ) from error
