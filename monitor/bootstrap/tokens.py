"""Bearer tokens: one for operators, one for callers, made when a service first starts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from monitor.config import read_secret
from monitor.errors import ConfigError


def ensure(folder: Path, who: str) -> str:
    """Return the token of `operator` or `caller`, made with mode 0600 if there is none yet.

    Raises `ConfigError` if the file cannot be written or read.
    """
    path = path_of(folder, who)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_secret(path, f"the {who}'s token")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        token = f"bs-{who}-{secrets.token_urlsafe(24)}"
        file.write(token + "\n")
    return token


def path_of(folder: Path, who: str) -> Path:
    """Return where a token lies."""
    return folder / f"{who}.token"
