"""The database of the benchmark, and what it takes of the processors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import Engine

from monitor.storage import migrate, postmaster
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded

ServerCpu = Callable[[], dict[str, float]]


@contextmanager
def database() -> Iterator[tuple[Engine, ServerCpu]]:
    """Yield a migrated embedded Postgres, gone afterwards, and what it has used of the processors."""
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        Path(folder).chmod(0o711)
        server = Embedded(Path(folder) / "postgres")
        engine = open_engine(server.start())
        try:
            migrate.upgrade(engine)
            main = postmaster.running(Path(folder) / "postgres" / "cluster")
            yield engine, lambda: _children_cpu_s(main)
        finally:
            engine.dispose()
            server.stop()


def _children_cpu_s(main: int | None) -> dict[str, float]:
    """Return the processor seconds of each of a server's processes: backends, writers, checkpointer."""
    tick = os.sysconf("SC_CLK_TCK")
    taken = {}
    for child in Path(f"/proc/{main}/task/{main}/children").read_text().split():
        with suppress(FileNotFoundError):  # it has just ended
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            taken[child] = (int(fields[11]) + int(fields[12])) / tick
    return taken


def plain_url(engine: Engine) -> str:
    """Return the URL as psycopg takes it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
