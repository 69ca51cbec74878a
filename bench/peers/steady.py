"""Steady load with short streams while something else happens: how many were asked for, how many broke."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers import streams
from bench.peers.programs import Running

_END_LIMIT_S = 60.0


@dataclass(slots=True)
class Load:
    """What the load has shown, once it is over: see `streams.summary`."""

    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def streams(self) -> int:
        """Streams that were asked for."""
        return int(self.seen["streams"])

    @property
    def failed(self) -> int:
        """Streams that broke, were refused, or found nobody."""
        return int(self.seen["broken"]) + int(self.seen["refused"])


@contextmanager
def loading(target: Running, out: Path, **options: object) -> Iterator[Load]:
    """Load a target from a process of its own until the end of the block.

    Args:
        options: of `streams`.
    """
    command = streams.command(target.url, out, token=target.token, rounds=0, **options)
    process = subprocess.Popen(command)
    load = Load()
    try:
        yield load
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_END_LIMIT_S)
    load.seen.update(json.loads(out.read_text()))
