"""The data directory."""

from __future__ import annotations

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
