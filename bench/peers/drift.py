"""River and alibi-detect, each in a virtual environment of its own under `.cache`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.peers import environment

PACKAGES = {"river": "river==0.26.1", "alibi": "alibi-detect==0.13.0"}
_SCRIPTS = Path(__file__).parent / "detectors"


def installed(peer: str) -> Path | None:
    """Return the peer's interpreter; `None`, and told why, where it cannot be installed."""
    try:
        return environment.made(peer, (PACKAGES[peer],), lend=True) / "bin" / "python"
    except subprocess.CalledProcessError as error:
        print(f"{peer} is left out: {error}", file=sys.stderr)
        return None


def script(peer: str) -> Path:
    """Return the script that runs the peer's detectors."""
    return _SCRIPTS / f"with_{peer}.py"


def lines(peer: str, python: Path, files: Sequence[Path], *, pilot: bool = False) -> Iterator[str]:
    """Yield a line for each file as the peer's script prints it.

    Args:
        pilot: whether river's detectors get every series, and not only the one each is best on.
    """
    flags = ["--pilot"] if pilot and peer == "river" else []
    command = [str(python), str(script(peer)), *flags, *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode:
        print(f"{peer} ended with status {process.returncode}", file=sys.stderr)
