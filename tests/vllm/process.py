"""A real vLLM in a process of its own, with a tiny base model and adapters for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

_READY = "Application startup complete"
_START_LIMIT_S = 240.0
_LISTEN_LIMIT_S = 10.0
_END_LIMIT_S = 30.0


@dataclass
class RealVllm:
    """A vLLM server that can be killed and started anew, at the same address.

    Args:
        tool: installs and serves vLLM; `install` is where it put it.
        base: folder of the base model.
        folder: holds a folder for each version.
        versions: that load; `wide` does not, its rank is over the limit.
        log: what it prints.
    """

    tool: Path
    install: Path
    base: Path
    folder: Path
    versions: tuple[str, ...]
    wide: str
    log: Path
    port: int = field(default_factory=lambda: _free_port())
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def model(self) -> str:
        """Name under which it serves the base model."""
        return str(self.base)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [self.tool, "serve", self.install, self.base, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(self._process, ready), daemon=True).start()
        if not ready.wait(_START_LIMIT_S) or self._process.poll() is not None:
            self.kill()
            raise RuntimeError(f"vLLM does not start; its words are in {self.log}")
        self._await_listening()

    def kill(self) -> None:
        """Kill it and everything that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_END_LIMIT_S)
            self._process = None

    async def restart(self) -> None:
        """Kill it, and wait until it is there again, empty."""
        await asyncio.to_thread(self.kill)
        await asyncio.to_thread(self.start)

    def _await_listening(self) -> None:
        """Knock until it opens: it says that it is ready a moment before it listens."""
        last = time.monotonic() + _LISTEN_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > last:
                    raise
                time.sleep(0.02)

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        """Keep what the server prints; say when it is ready, or dead."""
        assert process.stdout is not None
        with self.log.open("a") as log, process.stdout as words:
            for line in words:
                log.write(line)
                if _READY in line:
                    ready.set()
        ready.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
