"""The stage of the demo: a folder, a configuration, and the service as a process of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

from monitor.errors import BackstopError, ConfigError

READY = "ready at "  # the service's line on standard output when callers may come
POLICY: Mapping[str, object] = MappingProxyType(
    {
        "false_rollback_budget": "1 in 100000 exchanges",
        "suspicion_budget": "1 in 1000 exchanges",
    }
)
_COMMAND = (sys.executable, "-m", "monitor.cli")
_START_LIMIT_S = 120.0
_STOP_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where one telling of the story takes place."""

    folder: Path
    port: int
    secret: str  # of the signed webhook

    @property
    def config(self) -> Path:
        """The service's configuration file."""
        return self.folder / "backstop.yaml"

    @property
    def log(self) -> Path:
        """What the service writes about itself."""
        return self.folder / "service.log"

    @property
    def url(self) -> str:
        """Where the service listens."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, who: str) -> str:
        """Return the operator's or the caller's token that the service made."""
        return (self.folder / "data" / f"{who}.token").read_text().strip()


def set_up(
    root: Path,
    *,
    model: Path,
    receiver: str,
    schema: str | None = None,
    deployment: str = "support",
    policy: Mapping[str, object] = POLICY,
    keep: bool = False,
) -> Stage:
    """Make a fresh folder for one telling, remove older ones, write the configuration.

    Args:
        receiver: address of the ops chat, without a path.
        schema: JSON Schema of the answers, if they are to follow one.
        deployment: public model name.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    folder = root / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
    try:
        if not keep:
            _remove_older(root)
        folder.mkdir(parents=True, mode=0o755)
        stage = Stage(folder=folder, port=free_port(), secret=secret)
        deployments = {deployment: _deployment(stage, schema, policy)}
        _write(stage, model, deployments, receiver)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written: {error.strerror}; set --folder to another place"
        ) from error
    return stage


async def audit_is_intact(stage: Stage) -> bool:
    """Ask the command line whether the audit trail's chain holds."""
    checking = await asyncio.create_subprocess_exec(
        *_COMMAND,
        "audit",
        "verify",
        "--config",
        str(stage.config),
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await checking.wait() == 0


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remove_older(root: Path) -> None:
    for old in root.glob("run-*"):
        pid = old.name.split("-")[1]
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(old, ignore_errors=True)


def _deployment(
    stage: Stage, schema: str | None, policy: Mapping[str, object]
) -> Mapping[str, object]:
    if schema is None:
        return {"policy": dict(policy)}
    (stage.folder / "schema.json").write_text(schema)
    return {"response_schema": "schema.json", "policy": dict(policy)}


def _write(stage: Stage, model: Path, deployments: Mapping[str, object], receiver: str) -> None:
    secret_file = stage.folder / "webhook.secret"
    secret_file.touch(mode=0o600)
    secret_file.write_text(stage.secret)
    for kind in ("slack", "webhook"):
        (stage.folder / f"{kind}.url").write_text(f"{receiver}/{kind}")
    configuration = _configuration(stage, model, deployments)
    stage.config.write_text(yaml.safe_dump(configuration, sort_keys=False))


def _configuration(
    stage: Stage, model: Path, deployments: Mapping[str, object]
) -> dict[str, object]:
    return {
        "data_dir": "data",
        "listen": {"port": stage.port},
        "engine": {"kind": "local", "model": str(model)},
        "golden": {"own_process": False, "after_promotion": False},  # the model is tiny
        "deployments": dict(deployments),
        "receivers": {
            "ops-chat": {"kind": "slack", "url_file": "slack.url", "allow_private": True},
            "pager": {
                "kind": "webhook",
                "url_file": "webhook.url",
                "secret_file": "webhook.secret",
                "allow_private": True,
            },
        },
        "record": {"text": True},  # the demo's customers are made up
    }


class Service:
    """The service as a process of its own, as in production."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start, and return when callers may come. Raises `BackstopError` with what it said."""
        with self._stage.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                "serve",
                "--config",
                str(self._stage.config),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                await self._until_ready(self._process)
        except TimeoutError:
            await self.stop()
            raise BackstopError(
                f"the service was not ready within {_START_LIMIT_S:.0f} s; see {self._stage.log}"
            ) from None

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # asked for above
        async for line in process.stdout:
            if READY in line.decode():
                return
        await process.wait()
        tail = self._stage.log.read_text(errors="replace").strip().splitlines()[-3:]
        raise BackstopError("the service did not start: " + " ".join(tail))
