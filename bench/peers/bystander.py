"""An event loop with nothing to do: how late its timer comes is the machine's doing, not a program's.

python -m bench.peers.bystander --out lag.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from monitor.runtime.loop_lag import LoopLag


@dataclass(slots=True)
class Seen:
    """What the bystander has seen, once it is over: the longest lateness in seconds."""

    most_s: float = 0.0


@contextmanager
def standing_by(out: Path) -> Iterator[Seen]:
    """Watch the machine until the end of the block, from a process of its own."""
    command = [sys.executable, "-m", "bench.peers.bystander", f"--out={out}"]
    process = subprocess.Popen(command)
    seen = Seen()
    try:
        yield seen
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    seen.most_s = float(json.loads(out.read_text())["most_s"])


async def watch() -> float:
    """Return the longest lateness until SIGTERM, in seconds."""
    lag = LoopLag()
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    watching = asyncio.ensure_future(lag.run())
    await over.wait()
    watching.cancel()
    return lag.most_s


def main() -> None:
    """Watch, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.write_text(json.dumps({"most_s": uvloop.run(watch())}))


if __name__ == "__main__":
    main()
