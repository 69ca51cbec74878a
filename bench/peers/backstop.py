"""Backstop itself: `backstop serve` in front of a model server, as an operator would run it."""

from __future__ import annotations

import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import yaml
from prometheus_client.parser import text_string_to_metric_families

from bench.peers import made_up, proc, programs
from bench.peers.programs import Running
from monitor.cli.client import Client

DEPLOYMENT = "support"
# The answers here are made up: what they say about a version is told, and not acted upon.
POLICY: Mapping[str, Any] = {"dry_run": True, "reference_size": 150}
_READY_LIMIT_S = 60.0
_AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}  # pip compiles what it installs
SERVE = ("-m", "monitor.cli", "serve", "--config")
_CONVERGE_LIMIT_S = 30.0
_LOOK_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One `backstop serve` with its processes.

    Args:
        ready_s: from its start until `/readyz` said 200.
        database: URL of its database.
    """

    running: Running
    folder: Path
    database: str
    ready_s: float

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.running.url

    @property
    def caller(self) -> str:
        """The callers' token."""
        return (self.folder / "data" / "caller.token").read_text().strip()

    @property
    def operators(self) -> Client:
        """The operators' way in."""
        token = (self.folder / "data" / "operator.token").read_text().strip()
        return Client(url=self.url, token=token)

    def processes(self) -> dict[str, int]:
        """Return name (`gateway-0`, `scorer`, `control`) → process id of those that live now."""
        named = {}
        for pid in proc.family(self.running.pid)[1:]:
            try:
                named[Path(f"/proc/{pid}/comm").read_text().strip()] = pid
            except OSError:
                continue  # it has just ended
        return named

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one of its processes; return that process' id."""
        pid = self.processes()[name]
        os.kill(pid, how)
        return pid

    def samples(self, name: str) -> list[float]:
        """Return a metric's samples, those of every process and label."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            told = answer.read().decode()
        return [
            sample.value
            for family in text_string_to_metric_families(told)
            for sample in family.samples
            if sample.name == name
        ]

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        return sum(self.samples(name))

    def add(self, folder: Path, label: str) -> str:
        """Register an adapter and return its name."""
        body = {"family": DEPLOYMENT, "path": str(folder), "label": label}
        return str(self.operators.post("/api/adapters", body)["name"])

    def promote(self, version: str) -> None:
        """Make a version active."""
        body = {"deployment": DEPLOYMENT, "force": True, "reason": "benchmark"}
        self.operators.post(f"/api/adapters/{quote(version)}/promote", body)

    def roll_back(self, to: str) -> Mapping[str, Any]:
        """Put a version back and return the incident."""
        body = {"reason": "benchmark", "to": to}
        return dict(self.operators.post(f"/api/deployments/{DEPLOYMENT}/rollback", body))

    def converged(self, incident: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the incident as soon as every replica has acknowledged it."""
        path = f"/api/incidents/{incident['id']}"
        wait_until(
            lambda: self.operators.get(path)["converged_at"] is not None,
            _CONVERGE_LIMIT_S,
            "the acknowledgement of every replica",
        )
        return dict(self.operators.get(path))

    def release(self, version: str) -> None:
        """Take a version out of quarantine."""
        body = {"reason": "benchmark"}
        self.operators.post(f"/api/adapters/{quote(version)}/release", body)


@contextmanager
def running(
    folder: Path,
    *,
    engine: str,
    database: str,
    model: str = made_up.BASE,
    name: str = "backstop",
    workers: int = 1,
    gateway: Mapping[str, Any] | None = None,
    schedule: Mapping[str, str] | None = None,
    adapters: Path | None = None,
    guards: Mapping[str, Any] | None = None,
    deployment: Mapping[str, Any] | None = None,
    policy: Mapping[str, Any] = POLICY,
    receivers: Mapping[str, Any] | None = None,
    serve: Sequence[str] = SERVE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Yield a service that is ready; end it afterwards.

    Args:
        folder: takes its configuration, data and log in a new folder that is named like `name`.
        engine: URL of the model server; model: name of the base model there.
        gateway, schedule: further keys of these sections of its configuration.
        guards: those of the deployment; deployment: further keys of its section.
        adapters: a folder that replicas share for the adapters' files, as on a network mount.
    """
    home = Path(mkdtemp(prefix=f"{name}-", dir=folder))
    home.chmod(0o711)
    (home / "data").mkdir()
    seen = {}
    if adapters is not None:
        (home / "data" / "adapters").symlink_to(adapters)
        seen = {"adapters_as": str(adapters)}
    port = programs.free_port()
    config = home / "backstop.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "data_dir": str(home / "data"),
                "database": database,
                "listen": {"port": port},
                "engine": {"kind": "vllm", "url": engine, "model": model, **seen},
                "deployments": {
                    DEPLOYMENT: {
                        "policy": dict(policy),
                        "guards": dict(guards or {}),
                        **(deployment or {}),
                    }
                },
                "gateway": {"workers": workers, **(gateway or {})},
                "schedule": {"golden": "", "report": "", "retention": "", **(schedule or {})},
                "receivers": dict(receivers or {}),
            }
        )
    )
    command = [sys.executable, *serve, str(config)]
    variables = {**_AS_INSTALLED, **(environment or {})}
    began = time.monotonic()
    started = programs.start(name, command, port=port, folder=folder, environment=variables)
    try:
        _until_ready(started)
        ready_s = time.monotonic() - began
        yield Service(running=started, folder=home, database=database, ready_s=ready_s)
    finally:
        started.stop()


def _until_ready(started: Running) -> None:
    until = time.monotonic() + _READY_LIMIT_S
    said = "nothing"
    while time.monotonic() < until and started.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{started.url}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
        except OSError:
            pass
        time.sleep(_LOOK_S)
    programs.give_up(started, f"was not ready; /readyz said {said}")


def wait_until(holds: Callable[[], bool], limit_s: float, what: str) -> float:
    """Return after how many seconds something holds; end the benchmark if it does not in time."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > limit_s:
            sys.exit(f"{what} did not come true within {limit_s:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began
