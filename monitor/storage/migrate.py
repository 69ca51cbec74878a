"""Brings the schema up to date; the one file that runs Alembic.

Whether that is needed, `revision` knows without it.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Engine

import monitor
from monitor.errors import ConfigError
from monitor.storage import revision, roles
from monitor.storage.database import transaction

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('backstop.migrations'))")


def upgrade(engine: Engine) -> None:
    """Bring the schema up to this version's, in one transaction; and give the service's role its rights.

    Raises `ConfigError` if the schema is newer.
    """
    config = configuration()
    with transaction(engine) as connection:
        connection.execute(_ONE_AT_A_TIME)
        revision.refuse_newer(MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        roles.grant(connection)


def configuration() -> Config:
    """Return what Alembic must know; a connection goes into its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _folder() -> Path:
    """Return the migrations: inside the wheel, or in the checkout of an editable install."""
    package = Path(monitor.__file__).parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ConfigError(f"the migrations are missing beside {package}: install Backstop again")
