"""Wires where adapters come from, and the alias that follows what serves."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.config import Config
from monitor.ports.stores import Stores
from monitor.runtime.alias_following import AliasFollowing
from monitor.runtime.leadership import Leadership
from monitor.runtime.loops import Loop
from monitor.storage.sources.mlflow import MlflowRegistry
from monitor.storage.sources.mlflow_alias import MlflowAlias
from monitor.storage.sources.places import Places


def sources(config: Config) -> Places:
    """Return the places that adapters come from. Raises `ConfigError` for a token without a file."""
    return Places(mlflow=_mlflow(config))


def loops(config: Config, stores: Stores, leadership: Leadership) -> Mapping[str, Loop]:
    """Return the loop that moves the alias, if the configuration names one."""
    section, server = config.registry.mlflow, _mlflow(config)
    if section is None or server is None or section.serving_alias is None:
        return {}
    alias = MlflowAlias(server, section.serving_alias)
    following = AliasFollowing(stores, alias, lambda: leadership.leads)
    return {"MLflow alias": following.run}


def _mlflow(config: Config) -> MlflowRegistry | None:
    section = config.registry.mlflow
    return None if section is None else MlflowRegistry(section.url, section.token())
