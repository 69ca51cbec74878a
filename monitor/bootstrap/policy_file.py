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
    return parsed(configuration.read_mapping(path), str(path))


def parsed(mapping: Mapping[str, Any], where: str) -> Policy:
    """Return the policy of a mapping. Raises `ConfigError` that names `where` and the key."""
    try:
        return policies.parse(mapping)
    except PolicyError as error:
        raise ConfigError(f"{where}: {error}") from error
