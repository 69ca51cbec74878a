"""Names of replicas."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from monitor.runtime import whole_file


def name(role: str) -> str:
    """Return a new name for this process in its role, also unlike those of its earlier lives."""
    return f"{socket.gethostname()}:{role}:{os.getpid()}:{secrets.token_hex(3)}"


def place(data_dir: Path) -> str:
    """Return the name of what serves from a data directory, the same in every life.

    One service owns the directory at a time, so that whoever bears this name now has replaced
    whoever bore it before, and nobody waits for the dead one.
    """
    kept = data_dir / "replica"
    if not kept.exists():
        whole_file.write(kept, secrets.token_hex(6).encode())
    return f"{socket.gethostname()}:{kept.read_text()}"
