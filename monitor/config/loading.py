"""Reads a configuration file, and says all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from monitor.config.engines import LocalEngine, ServerEngine
from monitor.config.files import read_mapping
from monitor.config.mistakes import explained
from monitor.config.settings import Config
from monitor.errors import ConfigError


def load(path: Path) -> Config:
    """Read a configuration file. Raises `ConfigError` with one line per mistake."""
    raw = read_mapping(path)
    _refuse_secrets(path, raw)
    try:
        config = Config(**raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: " + "; ".join(explained(error))) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}; write JSON, or one variable for each key "
            "(BACKSTOP_LISTEN__PORT=8377)"
        ) from error
    return _resolve(config, path.resolve().parent)


def _refuse_secrets(path: Path, raw: Mapping[str, Any]) -> None:
    """Refuse a receiver's address in the file: whoever has it may write into the chat."""
    receivers = raw.get("receivers")
    for name, section in receivers.items() if isinstance(receivers, dict) else ():
        if isinstance(section, dict) and "url" in section:
            raise ConfigError(
                f"{path}: receivers.{name}.url: an address is a secret and does not belong here; "
                "write it into a file and name that as url_file, or give it as "
                f"BACKSTOP_RECEIVERS__{str(name).upper()}__URL"
            )


def _resolve(config: Config, base: Path) -> Config:
    """Make the paths absolute, relative ones against the configuration file's folder."""
    deployments = {
        name: deployment.model_copy(
            update={
                "golden": _under(base, deployment.golden),
                "policy": _under(base, deployment.policy)
                if isinstance(deployment.policy, Path)
                else deployment.policy,
                "response_schema": _under(base, deployment.response_schema),
            }
        )
        for name, deployment in config.deployments.items()
    }
    receivers = {
        name: receiver.model_copy(
            update={
                "url_file": _under(base, receiver.url_file),
                "secret_file": _under(base, receiver.secret_file),
            }
        )
        for name, receiver in config.receivers.items()
    }
    engine = _resolve_engine(config.engine, base)
    embedder = config.embedder.model_copy(update={"path": _under(base, config.embedder.path)})
    return config.model_copy(
        update={
            "data_dir": _under(base, config.data_dir),
            "engine": engine,
            "embedder": embedder,
            "deployments": deployments,
            "receivers": receivers,
        }
    )


def _resolve_engine(engine: LocalEngine | ServerEngine, base: Path) -> LocalEngine | ServerEngine:
    if isinstance(engine, LocalEngine):
        return engine.model_copy(update={"model": _under(base, engine.model)})
    return engine.model_copy(
        update={
            "folder": _under(base, engine.folder),
            "api_key_file": _under(base, engine.api_key_file),
        }
    )


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else (base / path.expanduser()).resolve()
