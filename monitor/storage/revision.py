"""Which revision the schema is at, and which it must be at; Alembic is not needed to tell."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import ConfigError
from monitor.storage.database import transaction

KNOWN = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0013",
    "0014",
    "0015",
)  # every migration in `alembic/versions`, oldest first
HEAD = KNOWN[-1]  # what this version of Backstop works with

_TABLE = text("SELECT to_regclass('alembic_version')")
_REVISION = text("SELECT version_num FROM alembic_version")


def current(engine: Engine) -> str | None:
    """Return the schema's revision; `None` for an empty database."""
    with transaction(engine) as connection:
        if connection.execute(_TABLE).scalar_one() is None:
            return None
        return connection.execute(_REVISION).scalar_one_or_none()


def require_current(engine: Engine) -> None:
    """Raise `ConfigError` unless the schema is exactly this version's."""
    found = current(engine)
    refuse_newer(found)
    if found != HEAD:
        raise ConfigError(
            f"the database's schema is {found or 'empty'}, this Backstop needs {HEAD}: "
            "run `backstop db upgrade`"
        )


def refuse_newer(found: str | None) -> None:
    """Raise `ConfigError` for a revision that this version does not know."""
    if found is not None and found not in KNOWN:
        raise ConfigError(
            f"the database's schema is {found}, which this Backstop does not know: "
            "install the Backstop that made it, or a newer one"
        )
