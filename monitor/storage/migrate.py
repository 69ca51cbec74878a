"""Brings the schema up to date; the one file that runs Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Engine

import monitor
from monitor.errors import ConfigError
from monitor.storage.database import transaction

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('backstop.migrations'))")


def upgrade(engine: Engine) -> None:
    """Bring the schema up to this version's, in one transaction; do nothing if it is there.

    Raises `ConfigError` if the schema is newer.
    """
    config = configuration()
    with transaction(engine) as connection:
        connection.execute(_ONE_AT_A_TIME)
        found = MigrationContext.configure(connection).get_current_revision()
        _refuse_newer(found)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(engine: Engine) -> str | None:
    """Return the schema's revision; `None` for an empty database."""
    with transaction(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the revision that this version of Backstop works with."""
    return _scripts().get_current_head()


def require_current(engine: Engine) -> None:
    """Raise `ConfigError` unless the schema is exactly this version's."""
    found = current(engine)
    _refuse_newer(found)
    if found != head():
        raise ConfigError(
            f"the database's schema is {found or 'empty'}, this Backstop needs {head()}: "
            "run `backstop db upgrade`"
        )


def configuration() -> Config:
    """Return what Alembic must know; a connection goes into its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise ConfigError(
            f"the database's schema is {found}, which this Backstop does not know: "
            "install the Backstop that made it, or a newer one"
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())


def _folder() -> Path:
    """Return the migrations: inside the wheel, or in the checkout of an editable install."""
    package = Path(monitor.__file__).parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ConfigError(f"the migrations are missing beside {package}: install Backstop again")
