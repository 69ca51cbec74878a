"""Bearer tokens: one for operators, one for callers, made when a service first starts."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.config import read_secret
from monitor.errors import ConfigError
from monitor.runtime import whole_file


def ensure(folder: Path, who: str) -> str:
    """Return the token of `operator` or `caller`, made with mode 0600 if there is none yet.

    A file that was left empty holds no token. Raises `ConfigError` if the file cannot be written
    or read.
    """
    path = path_of(folder, who)
    try:
        with _alone(folder):
            if not path.exists() or path.stat().st_size == 0:
                token = f"bs-{who}-{secrets.token_urlsafe(24)}\n"
                whole_file.write(path, token.encode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    return read_secret(path, f"the {who}'s token")


def path_of(folder: Path, who: str) -> Path:
    """Return where a token lies."""
    return folder / f"{who}.token"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep another process from making the same token, and from reading one that is replaced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
