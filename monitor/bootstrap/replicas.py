"""Names of replicas: unlike any other's, also unlike those of an earlier life."""

from __future__ import annotations

import os
import secrets
import socket


def name(role: str) -> str:
    """Return a new name for this process in its role."""
    return f"{socket.gethostname()}:{role}:{os.getpid()}:{secrets.token_hex(3)}"
