"""The data directory."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import ConfigError


def prepare(folder: Path) -> None:
    """Make the data directory. Raises `ConfigError` if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"data_dir: {folder} cannot be made: {error.strerror}; name a folder you may write"
        ) from error


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Keep the data directory to one service: its sockets and its spool are one service's.

    Processes that are forked meanwhile keep it too, until the last of them has ended.

    Raises `ConfigError` if another service has it, or it cannot be written.
    """
    prepare(folder)
    try:
        handle = (folder / "service.lock").open("wb")
    except OSError as error:
        raise ConfigError(f"data_dir: {folder} cannot be written: {error.strerror}") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"data_dir: {folder} belongs to a service that runs; end that one, or name another "
                "folder"
            ) from None
        yield
