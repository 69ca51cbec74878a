"""Tests of `monitor.storage.limited_connection`: a server that hangs is given up."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import DatabaseUnavailable
from monitor.ports.stores import Stores
from monitor.storage import migrate, postmaster
from monitor.storage.database import open_engine, transaction
from monitor.storage.embedded import Embedded
from monitor.storage.stores import open_stores
from tests.integration.conftest import NoArtifacts
from tests.integration.storage.builders import batch, write

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_PATIENCE_S = 1.0
_LIMIT_S = 8.0  # patience, its grace, and a busy machine


@pytest.fixture
def engine(server: Embedded) -> Iterator[Engine]:
    """An impatient engine over a server of its own."""
    opened = open_engine(server.start(), patience_s=_PATIENCE_S)
    migrate.upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def stores(engine: Engine) -> Stores:
    """Every store over it."""
    return open_stores(engine, NoArtifacts())


@contextmanager
def _hung(home: Path) -> Iterator[None]:
    """Stop the server with all its processes, without ending them."""
    main = postmaster.running(home / "postgres" / "cluster")
    assert main is not None
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    processes = [main, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@contextmanager
def _soon() -> Iterator[None]:
    """Expect that the work gives up, within the limit."""
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        yield
    assert time.monotonic() - began < _LIMIT_S


def test_a_server_that_hangs_is_given_up(stores: Stores, home: Path) -> None:
    """Recording fails in time, and goes on when the server does; nothing counts twice."""
    write(stores, batch(1, number=0))
    with _hung(home), _soon():
        write(stores, batch(2, number=1))
    write(stores, batch(2, number=1))
    assert [row.id for row in stores.exchanges.recent("support", 9)] == ["chatcmpl-2", "chatcmpl-1"]
    assert len(stores.observations.unread(9)) == 2


def test_a_server_that_hangs_in_a_statement_is_given_up(engine: Engine, home: Path) -> None:
    """The limit holds within a transaction too, and the connection is not used again."""
    with transaction(engine) as connection:
        connection.execute(text("SELECT 1"))
        with _hung(home), _soon(), transaction(engine) as other:
            other.execute(text("SELECT 1"))
    with transaction(engine) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_slow_statement_ends_by_the_servers_own_limit(engine: Engine) -> None:
    """It comes first, since it says more."""
    with _soon(), transaction(engine) as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
