"""Tests of `monitor.storage.database`."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import ConfigError, Conflict, DatabaseUnavailable
from monitor.storage import evidence
from monitor.storage.database import open_engine, transaction
from tests.integration.storage.builders import point

pytestmark = pytest.mark.integration

_INSERT = "INSERT INTO leases VALUES ('leader', 'a', 1, now())"


@pytest.mark.parametrize("url", ["nonsense", "", "sqlite:///x.db", "mysql://a@b/c"])
def test_another_url_is_refused(url: str) -> None:
    """The refusal says what to write, and shows no password."""
    with pytest.raises(ConfigError, match=r"postgresql://|PostgreSQL"):
        open_engine(url)


def test_a_server_that_is_away_is_unavailable() -> None:
    """A refused connection is our error, in one sentence."""
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable, match="does not answer"), transaction(engine):
        pass
    engine.dispose()


def _run(engine: Engine, *statements: str) -> None:
    with transaction(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def _copy_on_a_cut_connection(engine: Engine) -> None:
    with transaction(engine) as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        _run(engine, f"SELECT pg_terminate_backend({pid}, 5000)")
        evidence.add(connection, [point(1)])


def test_a_connection_cut_in_a_transaction_is_unavailable(engine: Engine) -> None:
    """What was done before is undone, and the next transaction gets a live connection."""
    with pytest.raises(DatabaseUnavailable):
        _run(engine, _INSERT, "SELECT pg_terminate_backend(pg_backend_pid())")
    with transaction(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar_one() == 0


def test_a_standby_is_unavailable_and_let_go(engine: Engine) -> None:
    """In a failover a connection may lead to a server that only reads: the next one is a new one."""
    _run(engine, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(DatabaseUnavailable, match="cannot do it now"):
        _run(engine, _INSERT)
    _run(engine, _INSERT, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(DatabaseUnavailable), transaction(engine) as connection:
        evidence.add(connection, [point(1)])
    with transaction(engine) as connection:
        evidence.add(connection, [point(1)])


def test_a_connection_cut_before_copy_is_unavailable(engine: Engine) -> None:
    """COPY goes past SQLAlchemy, and its errors are translated all the same."""
    with pytest.raises(DatabaseUnavailable):
        _copy_on_a_cut_connection(engine)
    with transaction(engine) as connection:
        evidence.add(connection, [point(1)])


def test_a_taken_key_is_a_conflict(engine: Engine) -> None:
    """A unique violation that nobody expected is somebody else's row."""
    with pytest.raises(Conflict):
        _run(engine, _INSERT, _INSERT)


def test_missing_tables_name_the_upgrade(empty_database_url: str) -> None:
    """A database without tables says how to make them."""
    engine = open_engine(empty_database_url)
    with pytest.raises(ConfigError, match="backstop db upgrade"):
        _run(engine, "SELECT * FROM deployments")
    engine.dispose()
