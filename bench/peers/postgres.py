"""A real Postgres of the benchmark's own: the embedded one, as it ships, with safe writes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.peers import proc
from monitor.storage import postmaster
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A server that runs, and what may be done to it."""

    server: Embedded
    folder: Path
    url: str

    @property
    def pid(self) -> int:
        """The postmaster's process id. Raises `RuntimeError` while it does not run."""
        found = postmaster.running(self.folder / "cluster")
        if found is None:
            raise RuntimeError(f"no server runs in {self.folder}")
        return found

    def database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        return new_database(self.url, name)

    def hang(self) -> None:
        """Stop every process of the server where it is, as a stuck disk does."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Shut it down at once: connections break, as with `pg_ctl stop -m immediate`."""
        pid = self.pid
        os.kill(pid, signal.SIGQUIT)
        subprocess.run(["tail", f"--pid={pid}", "-f", "/dev/null"], check=True, timeout=60)

    def start(self) -> None:
        """Start it again, under the same address."""
        self.server.start()

    def _processes(self) -> list[int]:
        return proc.family(self.pid)


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """Yield a server in `folder/postgres`; its user must be able to pass through `folder`."""
    home = folder / "postgres"
    server = Embedded(home)
    url = server.start()
    try:
        yield Postgres(server=server, folder=home, url=url)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def new_database(url: str, name: str) -> str:
    """Make an empty database on a server, and return its URL."""
    admin = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def count(url: str, statement: str) -> int:
    """Return the one number that a statement selects."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.execute(text(statement)).scalar_one())
    finally:
        engine.dispose()


def answers(url: str) -> int:
    """Return how many answers are on the record."""
    return count(url, "SELECT count(*) FROM exchanges")
