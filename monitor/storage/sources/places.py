"""Tells the places apart: a folder, the Hugging Face hub, an MLflow registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import BadAdapter
from monitor.ports.versions import AdapterSource, AdapterSources
from monitor.storage import adapter_source
from monitor.storage.sources.mlflow import MlflowRegistry

_HUB = "hf://"


class Places(AdapterSources):
    """`ports.AdapterSources` by the beginning of the name.

    Args:
        mlflow: `None` where the configuration names no server.
        hub_cache: of the Hugging Face hub; its own default without one.
    """

    def __init__(self, mlflow: MlflowRegistry | None = None, hub_cache: Path | None = None) -> None:
        self._mlflow = mlflow
        self._hub_cache = hub_cache

    @contextmanager
    def opened(self, where: str) -> Iterator[AdapterSource]:
        """Bring an adapter here for as long as the context lasts.

        Raises `BadAdapter`, `Unavailable`.
        """
        if where.startswith(_HUB):
            from monitor.storage.sources import huggingface  # most starts have no use for it

            yield huggingface.snapshot(where, self._hub_cache)
        elif where.startswith(MlflowRegistry.SCHEME):
            with self._server(where).downloaded(where) as source:
                yield source
        else:
            yield adapter_source.directory(Path(where))

    def _server(self, where: str) -> MlflowRegistry:
        if self._mlflow is None:
            raise BadAdapter(
                f"{where}: no MLflow server is known; name it as registry.mlflow.url in the "
                "configuration"
            )
        return self._mlflow
