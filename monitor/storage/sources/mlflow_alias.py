"""An alias in MLflow's registry that follows what serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.errors import NotFound
from monitor.ports.aliases import ServingAlias
from monitor.storage.sources.mlflow import MlflowRegistry, ModelVersion


class MlflowAlias(ServingAlias):
    """`ports.ServingAlias` on an MLflow server.

    Args:
        alias: e.g. `champion`.
    """

    def __init__(self, registry: MlflowRegistry, alias: str) -> None:
        self._registry = registry
        self._alias = alias

    def follow(self, facts: Mapping[str, Any]) -> str | None:
        """Move the alias to where a version came from, unless it came from elsewhere.

        Raises `NotFound`, `Unavailable`.
        """
        match facts.get("mlflow"):
            case {"model": str(model), "version": str(number)}:
                wanted = ModelVersion(name=model, version=number)
            case _:
                return None
        before = self._now(model)
        if before == wanted:
            return None
        self._registry.move_alias(self._alias, wanted)
        named = "nothing" if before is None else f"version {before.version}"
        return f"{model}@{self._alias} names version {number}; it named {named}"

    def _now(self, model: str) -> ModelVersion | None:
        try:
            return self._registry.aliased(model, self._alias)
        except NotFound:
            return None
