"""What a replica keeps on its own disk, to roll back by while Postgres is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from monitor.runtime import whole_file
from rollback.deployment import Deployment, baseline_after_rollback
from rollback.incident import Incident
from rollback.versions import AdapterVersion, VersionState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """A deployment as it was last read from Postgres, with what a decision needs.

    Args:
        versions: those that may be rolled back to, without their manifests, and the active one.
        rollbacks: when it was rolled back by itself.
        read_at: when Postgres said so.
    """

    deployment: Deployment
    versions: tuple[AdapterVersion, ...]
    rollbacks: tuple[datetime, ...]
    read_at: datetime

    def after(self, act: Act) -> LastGood:
        """Return how it stands once the act is done; the version that did harm stays out."""
        return replace(
            self,
            deployment=act.after,
            versions=tuple(
                replace(each, state=VersionState.QUARANTINED)
                if each.name == act.before.active
                else each
                for each in self.versions
            ),
            rollbacks=(*self.rollbacks, act.at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A rollback that a replica did by itself, and that Postgres does not know yet.

    Args:
        before: the deployment as the replica knew it.
    """

    before: Deployment
    to: str | None
    reason: str
    evidence: Mapping[str, Any]
    incident: Incident
    at: datetime

    @property
    def after(self) -> Deployment:
        """The deployment as the flip in Postgres leaves it, where nobody was faster."""
        return replace(
            self.before,
            active=self.to,
            baseline=baseline_after_rollback(self.before, self.to),
            epoch=self.before.epoch + 1,
            revision=self.before.revision + 1,
            promoted_at=self.at,
            candidate=None,
            candidate_share=0.0,
            confirmed=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Everything that is kept: in one file, so that an act and what it changes are there together."""

    known: Mapping[str, LastGood] = field(default_factory=dict)
    acts: Sequence[Act] = ()


class Keeper(Protocol):
    """Where it is kept."""

    def load(self) -> Kept:
        """Return what was kept last; nothing where there is nothing."""

    def save(self, kept: Kept) -> None:
        """Keep this instead. Raises `OSError`."""


class KeptInFile:
    """On disk, whole or not at all. Implements `Keeper`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept:
        """Return what was kept last; a file that cannot be read is told and left out."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (OSError, msgspec.MsgspecError) as error:
            log.error("last good versions not read", file=str(self._path), error=str(error))
            return Kept()

    def save(self, kept: Kept) -> None:
        """Keep this instead."""
        whole_file.write(self._path, msgspec.json.encode(kept))


class KeptInMemory:
    """For as long as the process lives. Implements `Keeper`."""

    def __init__(self) -> None:
        self._kept = Kept()

    def load(self) -> Kept:
        """Return what was kept last."""
        return self._kept

    def save(self, kept: Kept) -> None:
        """Keep this instead."""
        self._kept = kept


def path_in(data_dir: Path) -> Path:
    """Return where it is kept."""
    return data_dir / "last-good.json"
