"""Adapter versions: the registry, their files and their fingerprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from rollback.versions import AdapterVersion, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a version answers to the probe prompts on one engine: greedy tokens and log-probabilities."""

    prompts: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    logprobs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSource:
    """A folder that holds an adapter to be taken in.

    Args:
        folder: where its files are named.
        root: where they may lie: the folder, or a cache that keeps files apart from their names.
        facts: where it came from, for the version's own facts.
    """

    folder: Path
    root: Path
    facts: Mapping[str, Any] = field(default_factory=dict)


class AdapterSources(Protocol):
    """The places that adapters come from."""

    def opened(self, where: str) -> AbstractContextManager[AdapterSource]:
        """Bring an adapter here for as long as the context lasts.

        Raises `BadAdapter` for a place that holds none, `Unavailable` for one that is away.
        """


class Registry(Protocol):
    """Adapter versions. Every change writes its audit row in the same transaction."""

    def add(self, version: AdapterVersion, *, actor: str) -> AdapterVersion:
        """Store a version; return the stored one if the name is there already.

        Raises `Conflict` if the label is taken by other content.
        """

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        """Return the versions, newest first."""

    def move(
        self, name: str, to: VersionState, *, actor: str, reason: str, at: datetime
    ) -> AdapterVersion:
        """Change a version's state. Raises `NotFound`; `Conflict` if it is not a legal step."""

    def fingerprint(
        self, name: str | None, engine: str, new: Fingerprint | None = None
    ) -> Fingerprint | None:
        """Return the stored fingerprint; store `new` if there is none yet."""


class ArtifactStore(Protocol):
    """Adapter files, checked and copied into the data directory under their content's name."""

    def take_in(
        self,
        family: str,
        source: AdapterSource,
        *,
        label: str,
        parent: str | None,
        facts: Mapping[str, Any],
        at: datetime,
    ) -> AdapterVersion:
        """Check a PEFT adapter and copy it in. Raises `BadAdapter` with one clear sentence."""

    def folder(self, name: str) -> Path:
        """Return where a version's files are. Raises `BadAdapter` if they are gone or changed."""
