"""The server's main process, as its pid file and the system's process table show it."""

from __future__ import annotations

import os
from pathlib import Path

_PID_FILE = "postmaster.pid"
_SOCKET_LOCKS = ".s.PGSQL.*.lock"
_NO_PROCESS = 2**31 - 1  # above every system's limit
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


def disown(cluster: Path, socket: Path) -> None:
    """Let the lock files of a server that is gone name no process.

    PostgreSQL takes a dead process that nobody has reaped, or another one that was given its
    number, for the server. The files stay: they also name the shared memory that processes of
    the old server may still hold, and PostgreSQL must see that.
    """
    for path in (cluster / _PID_FILE, *socket.glob(_SOCKET_LOCKS)):
        if path.exists():
            _, _, rest = path.read_text().partition("\n")
            path.write_text(f"{_NO_PROCESS}\n{rest}")


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
        return (_PROCESSES / str(pid) / "cwd").readlink() == cluster.resolve()
    except OSError:  # gone, dead and not yet reaped, or another user's
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
