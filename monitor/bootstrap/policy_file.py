"""Policies as files and sections describe them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor import config as configuration
from monitor.errors import ConfigError
from rollback import policy as policies
from rollback.errors import PolicyError
from rollback.policy import Policy


def read_policy(path: Path) -> Policy:
    """Read a file that holds a policy. Raises `ConfigError` that names the file and the key."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file; README.md shows a policy's keys to start from")
    found = configuration.read_mapping(path)
    if found.keys() == {"policy"}:
        raise ConfigError(f"{path}: write the policy's keys at the top, without `policy:`")
    return parsed(found, str(path))


def parsed(mapping: Mapping[str, Any], where: str) -> Policy:
    """Return the policy of a mapping. Raises `ConfigError` that names `where` and the key."""
    try:
        return policies.parse(mapping)
    except PolicyError as error:
        raise ConfigError(f"{where}: {error}") from error
