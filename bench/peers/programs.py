"""Programs that a benchmark starts, waits for, measures and ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_LIMIT_S = 120.0
_STOP_LIMIT_S = 60.0
_LOOK_S = 0.01
_TAIL_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A program that runs.

    Args:
        name: for tables and messages; port: of 127.0.0.1, on which it listens.
        token: the bearer token that callers show.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    token: str = "none"

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of the process that was started."""
        return self.process.pid

    def stop(self, limit_s: float = _STOP_LIMIT_S) -> None:
        """End it and wait for its end; kill it where that takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Yield a program as soon as it listens; end it afterwards.

    What it writes goes to `folder/NAME.log`. Ends the benchmark with the end of that if the program
    does not start.
    """
    started = start(name, command, port=port, folder=folder, environment=environment)
    try:
        wait_until_it_listens(started)
        yield started
    finally:
        started.stop()


def start(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Running:
    """Start a program and do not wait."""
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **(environment or {})},
        )
    return Running(name=name, port=port, process=process, log=log)


def wait_until_it_listens(program: Running, limit_s: float = _START_LIMIT_S) -> None:
    """Return once its port takes connections; end the benchmark with its log if it does not."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until and program.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", program.port)) == 0:
                return
        time.sleep(_LOOK_S)
    give_up(program, "did not start")


def give_up(program: Running, why: str) -> None:
    """End the benchmark with what the program has said last."""
    tail = program.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    sys.exit(f"{program.name} {why}:\n" + "\n".join(tail))


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require(program: str, package: str) -> str:
    """Return where a program is, or end the benchmark saying how it is installed."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit(f"{program} is missing; install it: apt-get install -y {package}")
    return found
