"""The server's main process, as its pid file and the system's process table show it."""

from __future__ import annotations

import os
from pathlib import Path

_PID_FILE = "postmaster.pid"
_PROCESSES = Path("/proc")
_TROUBLE = ("PANIC:", "FATAL:", "error:", "ERROR:")


def running(cluster: Path) -> int | None:
    """Return the process id of the server of this cluster, or `None` if none runs.

    A pid file outlives a crash, and its number may belong to another process by now.
    """
    try:
        pid = int((cluster / _PID_FILE).read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _serves(pid, cluster) else None


def forget(cluster: Path) -> None:
    """Remove the pid file of a server that is gone."""
    (cluster / _PID_FILE).unlink(missing_ok=True)


def reason(said: str) -> str:
    """Return the line that says best why a program failed, without its time and process."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        for word in _TROUBLE:
            if word in line:
                return line.partition(word)[2].strip()
    return lines[-1] if lines else "it said nothing"


def _serves(pid: int, cluster: Path) -> bool:
    if not _PROCESSES.is_dir():
        return _exists(pid)
    try:
        # A process that is dead and not yet reaped has an empty command line.
        return os.fsencode(cluster) in (_PROCESSES / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
