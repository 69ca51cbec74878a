"""A real service with two gateways, a real Postgres, an upstream, and load."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from bench.peers import adapters, backstop, postgres, programs, steady, upstream
from bench.peers.backstop import Service
from bench.peers.postgres import Postgres
from bench.peers.programs import Running
from bench.peers.steady import Load
from tests.integration.conftest import server_url, short_path

__all__ = ["server_url", "short_path"]  # fixtures

STREAMS, EVENTS, INTERVAL_MS = 40, 10, 20  # about 200 requests/s
_RECORD_LIMIT_S = 180.0
_LOOK_S = 0.1


@dataclass
class Scene:
    """Everything that can be taken away."""

    service: Service
    database: Postgres
    engine: Running
    version: str
    folder: Path

    def load(self) -> AbstractContextManager[Load]:
        """Load the service until the end of the block."""
        target = replace(self.service.running, token=self.service.caller)
        out = self.folder / f"{uuid4().hex}.json"
        return steady.loading(
            target, out, streams=STREAMS, events=EVENTS, interval_ms=INTERVAL_MS, keep=1
        )

    @property
    def answers(self) -> int:
        """How many answers are in Postgres."""
        return postgres.answers(self.service.database)

    @property
    def dropped(self) -> float:
        """How many answers the service says it has dropped."""
        lost = self.service.metric("backstop_exchanges_lost")
        return self.service.metric("backstop_exchanges_dropped_total") + lost

    @property
    def longest_stall_s(self) -> float:
        """By how much an event loop that faces callers was late at most."""
        return max(self.service.samples("backstop_loop_lag_seconds_max"))

    def await_answers(self, count: int) -> None:
        """Wait until so many answers are in Postgres; fail if they never come."""
        await_that(lambda: self.answers >= count, f"{count} answers in Postgres")


def await_that(holds: Callable[[], bool], what: str, limit_s: float = _RECORD_LIMIT_S) -> None:
    """Wait until something holds; fail if it does not in time."""
    until = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > until:
            pytest.fail(f"not within {limit_s:.0f} s: {what}")
        time.sleep(_LOOK_S)


@pytest.fixture(scope="session")
def trouble_s() -> float:
    """How long a trouble lasts, in seconds: CHAOS_SECONDS shortens it."""
    return float(os.environ.get("CHAOS_SECONDS", "120"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, which the database's user may pass through."""
    with tempfile.TemporaryDirectory(prefix="bs-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def scene(folder: Path) -> Iterator[Scene]:
    """A service that answers with a version, with everything around it."""
    port = programs.free_port()
    engine = programs.start("upstream", upstream.command(port), port=port, folder=folder)
    programs.wait_until_it_listens(engine)
    with postgres.running(folder) as database:
        with backstop.running(
            folder, engine=engine.url, database=database.database("chaos"), workers=2
        ) as service:
            version = service.add(adapters.make(folder / "adapter", seed=1), "v1")
            service.promote(version)
            yield (
                made := Scene(
                    service=service,
                    database=database,
                    engine=engine,
                    version=version,
                    folder=folder,
                )
            )
        made.engine.stop()
