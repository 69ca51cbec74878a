"""Deployments, versions and their files, as `Versions` and `Presence` ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime.presence import Presence
from monitor.runtime.versions import Versions
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion, VersionState


class Shelf:
    """Stores in memory, for one engine.

    Args:
        folders: version → where its files are.
    """

    def __init__(self, folders: Mapping[str, Path], *deployments: Deployment) -> None:
        self._folders = folders
        self._deployments = deployments
        self.states: dict[str, VersionState] = {}
        self.prints: dict[tuple[str | None, str], Fingerprint] = {}

    def versions_on(self, engine: Engine, engine_name: str = "vllm 1") -> Versions:
        """Return these versions on an engine."""
        stores = SimpleNamespace(registry=self, artifacts=self, deployments=self)
        return Versions(cast(Stores, stores), engine, engine_name)

    def presence_on(self, engine: Engine, **settings: Any) -> Presence:
        """Return what looks whether they are there."""
        return Presence(cast(Any, self), self.versions_on(engine), **settings)

    def all(self) -> Sequence[Deployment]:
        """Return the deployments."""
        return self._deployments

    def folder(self, name: str) -> Path:
        """Return where a version's files are."""
        return self._folders[name]

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        """Return the versions whose state a test has set."""
        return [_version(name, state) for name, state in self.states.items()]

    def fingerprint(
        self, name: str | None, engine: str, new: Fingerprint | None = None
    ) -> Fingerprint | None:
        """Return the stored fingerprint; store one if there is none."""
        if new is not None:
            self.prints.setdefault((name, engine), new)
        return self.prints.get((name, engine))


def _version(name: str, state: VersionState) -> AdapterVersion:
    return AdapterVersion(
        name=name,
        label="",
        state=state,
        manifest={},
        created_at=datetime.now(UTC),
        reason="",
        parent=None,
        facts={},
    )
