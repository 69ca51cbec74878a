"""Reads a configuration file, and says all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from monitor.config.engines import LocalEngine, ServerEngine
from monitor.config.files import read_mapping
from monitor.config.guards import Guards
from monitor.config.mistakes import explained
from monitor.config.registry import RegistryConfig
from monitor.config.settings import Config
from monitor.config.web import WebConfig
from monitor.errors import ConfigError

_SECRET_KEYS = frozenset({"tokens", "api_key"})
_GUARDS_PATHS = (("canary", "tokens_file"), ("classifier", "folder"), ("judge", "api_key_file"))


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
    """Refuse secrets in the file. A receiver's address is one: who has it may write into the chat."""
    deployments = raw.get("deployments")
    for name, section in deployments.items() if isinstance(deployments, dict) else ():
        for where, guard in _guards_of(section):
            for key in _SECRET_KEYS & guard.keys():
                raise ConfigError(
                    f"{path}: deployments.{name}.guards.{where}.{key}: is a secret and does not "
                    f"belong here; write it into a file and name that as {key}_file"
                )
    for name in _given_tokens(raw.get("web")):
        raise ConfigError(
            f"{path}: web.tokens.{name}.token: is a secret and does not belong here; write it into "
            f"a file and name that as token_file, or give it as "
            f"BACKSTOP_WEB__TOKENS__{str(name).upper()}__TOKEN"
        )
    receivers = raw.get("receivers")
    for name, section in receivers.items() if isinstance(receivers, dict) else ():
        if isinstance(section, dict) and "url" in section:
            raise ConfigError(
                f"{path}: receivers.{name}.url: an address is a secret and does not belong here; "
                "write it into a file and name that as url_file, or give it as "
                f"BACKSTOP_RECEIVERS__{str(name).upper()}__URL"
            )


def _given_tokens(web: Any) -> Iterator[str]:
    tokens = web.get("tokens") if isinstance(web, dict) else None
    for name, section in tokens.items() if isinstance(tokens, dict) else ():
        if isinstance(section, dict) and "token" in section:
            yield name


def _guards_of(deployment: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    guards = deployment.get("guards") if isinstance(deployment, dict) else None
    for name, section in guards.items() if isinstance(guards, dict) else ():
        if isinstance(section, dict):
            yield name, section


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
                "guards": _resolve_guards(deployment.guards, base),
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
    judge = config.grading.judge
    if judge is not None:
        judge = judge.model_copy(update={"api_key_file": _under(base, judge.api_key_file)})
    engine = _resolve_engine(config.engine, base)
    embedder = config.embedder.model_copy(update={"path": _under(base, config.embedder.path)})
    return config.model_copy(
        update={
            "data_dir": _under(base, config.data_dir),
            "engine": engine,
            "grading": config.grading.model_copy(update={"judge": judge}),
            "embedder": embedder,
            "deployments": deployments,
            "receivers": receivers,
            "registry": _resolve_registry(config.registry, base),
            "web": _resolve_web(config.web, base),
            "audit": config.audit.model_copy(
                update={"anchor_file": _under(base, config.audit.anchor_file)}
            ),
        }
    )


def _resolve_guards(guards: Guards, base: Path) -> Guards:
    changed = {}
    for name, key in _GUARDS_PATHS:
        section = getattr(guards, name)
        if section is not None:
            path = _under(base, getattr(section, key))
            changed[name] = section.model_copy(update={key: path})
    return guards.model_copy(update=changed)


def _resolve_engine(engine: LocalEngine | ServerEngine, base: Path) -> LocalEngine | ServerEngine:
    if isinstance(engine, LocalEngine):
        return engine.model_copy(update={"model": _under(base, engine.model)})
    return engine.model_copy(
        update={
            "folder": _under(base, engine.folder),
            "api_key_file": _under(base, engine.api_key_file),
        }
    )


def _resolve_web(web: WebConfig, base: Path) -> WebConfig:
    tokens = {
        name: token.model_copy(update={"token_file": _under(base, token.token_file)})
        for name, token in web.tokens.items()
    }
    return web.model_copy(update={"tokens": tokens})


def _resolve_registry(registry: RegistryConfig, base: Path) -> RegistryConfig:
    if registry.mlflow is None:
        return registry
    token_file = _under(base, registry.mlflow.token_file)
    mlflow = registry.mlflow.model_copy(update={"token_file": token_file})
    return registry.model_copy(update={"mlflow": mlflow})


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else (base / path.expanduser()).resolve()
