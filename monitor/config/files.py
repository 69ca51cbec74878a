"""What the configuration is read from: YAML files and files with secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from monitor.errors import ConfigError


def read_secret(path: Path, key: str) -> str:
    """Read a secret. Raises `ConfigError` that names the key, never the content."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: cannot read {path}: {_reason(error)}") from error
    if not text:
        raise ConfigError(f"{key}: {path} is empty; write the secret into it")
    return text


def read_secrets(path: Path, key: str) -> tuple[str, ...]:
    """Read secrets, one a line. Raises `ConfigError` that names the key, never the content."""
    return tuple(filter(None, map(str.strip, read_secret(path, key).splitlines())))


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML (or JSON) file that holds a mapping. Raises `ConfigError`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; README.md shows a configuration to start from"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must hold a mapping of keys to values")
    for key in content:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: {key!r}: unknown key; keys are words")
    return content


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def secret_or_file(secret: SecretStr | None, file: Path | None, setting: str) -> str | None:
    """Return a secret from the environment, else from the file that a setting names, if any.

    Raises `ConfigError` if the file cannot be read.
    """
    if secret is not None:
        return secret.get_secret_value()
    return None if file is None else read_secret(file, setting)
