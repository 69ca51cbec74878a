"""A real PostgreSQL for each test process, and a fresh migrated database for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine, make_url

from monitor.errors import BadAdapter
from monitor.ports.stores import Stores
from monitor.ports.versions import AdapterSource, ArtifactStore
from monitor.storage import migrate
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.stores import open_stores
from rollback.versions import AdapterVersion

_TEMPLATE = "migrated"


class NoArtifacts(ArtifactStore):
    """Holds no adapter files: for tests that need none."""

    def take_in(self, family: str, source: AdapterSource, **facts: object) -> AdapterVersion:
        """Refuse every adapter."""
        raise BadAdapter(f"{source.folder} is not taken in here")

    def folder(self, name: str) -> Path:
        """Know no adapter."""
        raise BadAdapter(f"{name} has no files here")


@pytest.fixture(scope="session")
def short_path() -> Iterator[Path]:
    """A folder with a short name, which the server's user may pass through also as root."""
    folder = Path(tempfile.mkdtemp(prefix="bs-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_url(short_path: Path) -> Iterator[str]:
    """The URL of a server with a migrated database to copy; safe writes are off for speed."""
    server = Embedded(short_path / "postgres")
    url = server.start()
    try:
        _execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        _execute(url, f"CREATE DATABASE {_TEMPLATE}")
        template = open_engine(_named(url, _TEMPLATE))
        migrate.upgrade(template)
        template.dispose()
        yield url
    finally:
        server.stop()


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """The URL of a database with every table and no row."""
    with _migrated(server_url) as url:
        yield url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """The URL of a database without a table."""
    name = f"test_{uuid4().hex}"
    _execute(server_url, f"CREATE DATABASE {name}")
    yield _named(server_url, name)
    _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine over the test's own database."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def stores(engine: Engine) -> Stores:
    """Every store over the test's own database, without adapter files."""
    return open_stores(engine, NoArtifacts())


@pytest.fixture(scope="module")
def shared_stores(server_url: str) -> Iterator[Stores]:
    """Every store over a database that the tests of one module share, for those that only look."""
    with _migrated(server_url) as url:
        opened = open_engine(url)
        yield open_stores(opened, NoArtifacts())
        opened.dispose()


@pytest.fixture(scope="session")
def as_root() -> None:
    """Skip a test of what only root can try out."""
    if os.geteuid() != 0:
        pytest.skip("needs root to act as another user")


@contextmanager
def _migrated(server_url: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield _named(server_url, name)
    _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, *statements: str) -> None:
    admin = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
