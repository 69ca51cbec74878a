"""Where the processes of one service meet: sockets that only this user may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError

_MOST_CHARACTERS = 100  # of a socket's path: the system allows 107


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder and what lies in it."""

    path: Path

    @property
    def fleet(self) -> Path:
        """Socket on which control speaks with the other processes."""
        return self.path / "fleet.sock"

    @property
    def handover(self) -> Path:
        """Socket on which the scorer takes exchanges."""
        return self.path / "scorer.sock"

    @property
    def surfaces(self) -> Path:
        """Socket on which control serves the operators' surfaces."""
        return self.path / "control.sock"


@contextmanager
def opened(data_dir: Path) -> Iterator[RunFolder]:
    """Yield the folder `data_dir/run`, or a temporary one where its sockets' paths were too long.

    Raises `ConfigError` if it cannot be made.
    """
    try:
        folder = RunFolder(data_dir / "run")
        if len(os.fsencode(folder.surfaces)) <= _MOST_CHARACTERS:
            folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.path.chmod(0o700)
            yield folder
            return
        temporary = Path(tempfile.mkdtemp(prefix="backstop-"))
    except OSError as error:
        raise ConfigError(f"{data_dir}: cannot be written: {error.strerror}") from error
    try:
        yield RunFolder(temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
