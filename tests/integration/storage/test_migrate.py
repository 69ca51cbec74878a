"""Tests of `monitor.storage.migrate`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import ConfigError
from monitor.storage import migrate, revision, schema
from monitor.storage.database import open_engine
from monitor.storage.exchanges import PostgresExchanges

pytestmark = pytest.mark.integration


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave out the partitions: they are made while the service runs."""
    return not (kind == "table" and re.fullmatch(r"exchanges_(default|\d{8})", name or ""))


def test_migrations_lead_to_the_schema(engine: Engine) -> None:
    """The migrations give exactly the tables that the code works with."""
    with engine.connect() as connection:
        # Defaults are compared by their values, and this one is of the transaction.
        connection.execute(text("SET backstop.batch = 1"))
        options = {"compare_type": True, "compare_server_default": True, "include_name": _is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_the_known_revisions_are_the_migrations() -> None:
    """The list that stands in the code is Alembic's, oldest first."""
    scripts = ScriptDirectory.from_config(migrate.configuration())
    found = [script.revision for script in scripts.walk_revisions()]
    assert list(revision.KNOWN) == found[::-1]


def test_the_exchanges_have_a_default_partition(engine: Engine) -> None:
    """An answer of any day finds a partition."""
    with engine.connect() as connection:
        shown = connection.execute(text("SELECT pg_get_partkeydef('exchanges'::regclass)"))
        assert shown.scalar_one() == "RANGE (started_at)"
        connection.execute(text("SELECT count(*) FROM exchanges_default"))


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    """An upgrade of a current schema leaves its revision."""
    migrate.upgrade(engine)
    revision.require_current(engine)
    assert revision.current(engine) == revision.HEAD


def test_an_empty_database_asks_for_the_upgrade(empty_database_url: str) -> None:
    """The refusal of an older schema names the command that brings it up to date."""
    engine = open_engine(empty_database_url)
    assert revision.current(engine) is None
    with pytest.raises(ConfigError, match="backstop db upgrade"):
        revision.require_current(engine)
    engine.dispose()


def test_a_newer_schema_is_refused(engine: Engine) -> None:
    """Neither the service nor the upgrade touches a schema from the future."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="9999, which this Backstop does not know"):
        revision.require_current(engine)
    with pytest.raises(ConfigError, match="9999"):
        migrate.upgrade(engine)


def _move(engine: Engine, way: Callable[[Config, str], None], revision: str) -> None:
    """Lead the schema up or down to a revision."""
    config = migrate.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        way(config, revision)


def test_old_signals_are_carried_over_and_back(empty_database_url: str) -> None:
    """Rows from before keep their signals under the same names, also what is no plain number."""
    engine = open_engine(empty_database_url)
    _move(engine, command.upgrade, "0003")
    old = {
        "a": '{"words": 12, "odd": "Infinity", "huge": -1e300, "tiny": 1e-300, "share": 0.25}',
        "b": '{"words": 3, "share": 0.5, "odd": 1, "huge": 2, "tiny": 3}',
        "c": "{}",
    }
    columns = "id, started_at, deployment, epoch, verdict, findings, tags, prompt_hash, signals"
    with engine.begin() as connection:
        for name, signals in old.items():
            connection.execute(
                text(
                    f"INSERT INTO exchanges ({columns})"
                    " VALUES (:id, now(), 'support', 1, 'ok', '{}', '{}', '', :signals)"
                ),
                {"id": name, "signals": signals},
            )
    migrate.upgrade(engine)
    found = {row.id: row.signals for row in PostgresExchanges(engine).recent("support", 9)}
    assert found == {
        "a": {"huge": -math.inf, "odd": math.inf, "share": 0.25, "tiny": 0.0, "words": 12.0},
        "b": {"huge": 2.0, "odd": 1.0, "share": 0.5, "tiny": 3.0, "words": 3.0},
        "c": {},
    }
    _move(engine, command.downgrade, "0003")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT signals FROM exchanges ORDER BY id")).scalars().all()
    assert rows[1:] == [{"huge": 2, "odd": 1, "share": 0.5, "tiny": 3, "words": 3}, {}]
    engine.dispose()


def test_roles_become_states_and_back(empty_database_url: str) -> None:
    """A retired version that a deployment falls back to is a baseline, a verified one with a share a candidate."""
    engine = open_engine(empty_database_url)
    _move(engine, command.upgrade, "0004")
    before = {"a": "active", "b": "retired", "c": "verified", "d": "retired", "e": "quarantined"}
    with engine.begin() as connection:
        for name, state in before.items():
            connection.execute(
                text(
                    "INSERT INTO adapters"
                    " (name, family, label, state, reason, manifest, facts, created_at)"
                    " VALUES (:name, 'f', '', :state, 'r', '{}', '{}', now())"
                ),
                {"name": name, "state": state},
            )
        connection.execute(
            text(
                "INSERT INTO deployments (name, active, baseline, candidate, epoch, confirmed,"
                " candidate_share, shadow_rate, revision) VALUES ('s', 'a', 'b', 'c', 1, true, 0.1, 0, 1)"
            )
        )
    migrate.upgrade(engine)
    assert _states(engine) == before | {"b": "baseline", "c": "candidate"}
    _move(engine, command.downgrade, "0004")
    assert _states(engine) == before
    engine.dispose()


def _states(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, state FROM adapters"))
        return {row.name: row.state for row in rows}
