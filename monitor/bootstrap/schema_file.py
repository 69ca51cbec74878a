"""Reads a JSON Schema; a gateway with guards needs it too, and none of the numbers that others need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import validator_for

from monitor.errors import ConfigError


def read(path: Path | None) -> Mapping[str, Any] | None:
    """Return the schema in a file, `None` without a file. Raises `ConfigError`."""
    if path is None:
        return None
    try:
        schema = json.loads(text_of(path))
        validator_for(schema).check_schema(schema)
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from error
    except SchemaError as error:
        raise ConfigError(f"{path}: is no JSON Schema: {error.message}") from error
    if not isinstance(schema, dict):
        raise ConfigError(f"{path}: must hold a JSON Schema object")
    return schema


def text_of(path: Path) -> str:
    """Return a file's text. Raises `ConfigError`."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
