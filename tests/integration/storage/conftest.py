"""Folders and servers of their own for the tests of the embedded PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from monitor.storage.embedded import Embedded


def _passable() -> Path:
    """Return a new folder that others may pass through, as /var/lib is."""
    folder = Path(tempfile.mkdtemp(prefix="bs-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for a server's folder."""
    folder = _passable()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """The folder of a stopped server that does not wait for the disk: copies start fast."""
    folder = _passable()
    embedded = Embedded(folder / "postgres")
    with psycopg.connect(embedded.start().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
    embedded.stop()
    yield folder / "postgres"
    shutil.rmtree(folder)


@pytest.fixture
def server(home: Path, prepared: Path) -> Iterator[Embedded]:
    """A server whose cluster is there, stopped at the end if it runs."""
    subprocess.run(["cp", "-a", prepared, home / "postgres"], check=True)
    embedded = Embedded(home / "postgres")
    yield embedded
    embedded.stop()


@pytest.fixture
def new_server(home: Path) -> Iterator[Embedded]:
    """A server that is not there yet, stopped at the end if it runs."""
    embedded = Embedded(home / "postgres")
    yield embedded
    embedded.stop()
