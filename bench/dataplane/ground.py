"""What all figures of the data plane stand on: one folder, one Postgres, upstreams, and services."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from bench.peers import adapters, backstop, nginx, postgres, streams, upstream, wrk
from bench.peers.backstop import Service
from bench.peers.postgres import Postgres
from bench.peers.programs import Running

_RECORD_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table.

    Args:
        value: what was measured, with its unit; bar: what it must be.
        met: whether it is; `None` where there is no bar.
    """

    what: str
    value: str
    bar: str = ""
    met: bool | None = None

    def row(self) -> dict[str, str]:
        """Return it as a row to print."""
        return {"what": self.what, "measured": self.value, "bar": self.bar, "verdict": self._word}

    def line(self) -> str:
        """Return it as a line of text."""
        bar = f" [{self.bar}: {self._word}]" if self.bar else ""
        return f"{self.what}: {self.value}{bar}"

    @property
    def _word(self) -> str:
        return {True: "met", False: "MISSED", None: ""}[self.met]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where a benchmark takes place.

    Args:
        control: the Python upstream: streams, large answers, adapters.
        instant: nginx in front of it, which answers whole chat completions at once.
        quick: whether to measure for a shorter time; minutes: how long the long figure takes.
    """

    folder: Path
    database: Postgres
    control: Running
    instant: Running
    quick: bool
    minutes: float

    @contextmanager
    def service(
        self,
        name: str,
        engine: Running,
        *,
        workers: int = 1,
        gateway: Mapping[str, Any] | None = None,
    ) -> Iterator[Service]:
        """Yield a Backstop that serves a version whose reference is frozen, with a database of its own."""
        url = self.database.database(name)
        with backstop.running(
            self.folder,
            engine=engine.url,
            database=url,
            name=name,
            workers=workers,
            gateway=gateway,
        ) as service:
            folder = adapters.make(self.folder / f"{name}-adapter", seed=crc32(name.encode()))
            service.promote(service.add(folder, "v1"))
            yield service

    def warm(self, service: Service) -> None:
        """Send what a reference needs, and wait until it is recorded."""
        asked = wrk.load(caller_of(service), self.folder, connections=4, seconds=1)
        backstop.wait_until(
            lambda: settled(service, asked.requests), _RECORD_LIMIT_S, "the first answers' record"
        )

    def stream(self, target: Running, **options: object) -> dict[str, Any]:
        """Load a target with streams, in a process of its own, and return what that has shown."""
        out = self.folder / "streams.json"
        command = streams.command(target.url, out, token=target.token, **options)
        subprocess.run(command, check=True)
        return dict(json.loads(out.read_text()))

    def drain(self, service: Service) -> None:
        """Wait until nothing waits to be recorded."""
        backstop.wait_until(
            lambda: service.metric("backstop_exchanges_waiting") == 0,
            _RECORD_LIMIT_S,
            "an empty queue",
        )


def caller_of(service: Service) -> Running:
    """Return the service as a target of load, with its callers' token."""
    return replace(service.running, token=service.caller)


def unrecorded(service: Service) -> int:
    """Return how many answers were dropped or lost, by the service's own count."""
    dropped = service.metric("backstop_exchanges_dropped_total")
    return int(dropped + service.metric("backstop_exchanges_lost"))


def settled(service: Service, requests: int) -> bool:
    """Whether every request is in Postgres, or counted as dropped."""
    return postgres.answers(service.database) + unrecorded(service) >= requests


@contextmanager
def prepared(*, quick: bool, minutes: float) -> Iterator[Ground]:
    """Yield the ground, and clear it afterwards."""
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="bs-"))
        folder = Path(made)
        folder.chmod(0o711)
        control = stack.enter_context(upstream.running(folder))
        yield Ground(
            folder=folder,
            database=stack.enter_context(postgres.running(folder)),
            control=control,
            instant=stack.enter_context(nginx.upstream(folder, control)),
            quick=quick,
            minutes=minutes,
        )
