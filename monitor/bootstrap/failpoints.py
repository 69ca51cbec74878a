"""Failpoints as a test sets them: a file names the points at which this process ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from monitor.runtime import whole_file
from monitor.runtime.failpoints import Failpoint, Failpoints, NoFailpoints

VARIABLE = "BACKSTOP_FAILPOINTS"


def from_environment() -> Failpoints:
    """Return the failpoints of the file that the environment names; without one there are none."""
    named = os.environ.get(VARIABLE)
    return FailpointFile(Path(named)) if named else NoFailpoints()


class FailpointFile:
    """Ends this process with SIGKILL at the point that a file names first. Implements `Failpoints`.

    A file holds a point a line. The first is crossed out before the end, so that the next life of
    the process ends at the second one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def reach(self, point: Failpoint) -> None:
        """Pass, or end."""
        due = self._path.read_text().split() if self._path.exists() else []
        if due[:1] == [point.value]:
            whole_file.write(self._path, "\n".join(due[1:]).encode())
            os.kill(os.getpid(), signal.SIGKILL)
