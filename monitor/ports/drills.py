"""Drills: what became of a version that was spoilt on purpose, and where that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

from rollback.spoilt_kind import Kind

FAMILY = "drill"  # of every spoilt version; no version of it is registered, so none can serve


class Means(Enum):
    """What may catch a spoilt version."""

    LOADING = "loading checks"
    FINGERPRINT = "fingerprint"
    GOLDEN = "golden gate"
    FAULTS = "faults"
    PAIRS = "pairs"
    DRIFT = "drift"  # has no sign: it raises suspicion, and stops nothing by itself
    TOGETHER = "evidence together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One means caught the version.

    Args:
        answers: how many answers of the spoilt version that took; 0 before it answered.
        seconds: since the drill began to put it on the engine, without the other means' time.
    """

    by: Means
    answers: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """By when a spoilt version must be caught; both at least 1."""

    answers: int = 100
    seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill and what it found.

    Args:
        version: the active version that was spoilt.
        caught: each means that caught it, in the order of `Means`.
        asked: how many prompts it answered in the shadow.
        rollback_s: how long it took to have the version that serves proved on the engine, which
            is what a rollback onto it would wait for.
    """

    id: str
    deployment: str
    version: str
    kind: Kind
    started_at: datetime
    finished_at: datetime
    objective: Objective
    caught: tuple[Caught, ...]
    asked: int
    rollback_s: float | None = None

    @property
    def first(self) -> Caught | None:
        """What would have stopped the version first; drift alone stops nothing."""
        stopping = [each for each in self.caught if each.by is not Means.DRIFT]
        return min(stopping, key=lambda each: (each.answers, each.seconds), default=None)

    @property
    def is_met(self) -> bool:
        """Whether it was stopped within the objective."""
        first, limit = self.first, self.objective
        return (
            first is not None
            and first.answers <= limit.answers
            and first.seconds + (self.rollback_s or 0.0) <= limit.seconds
        )


class Spoiler(Protocol):
    """Makes a spoilt version of a stored one."""

    def spoilt(self, version: str, kind: Kind) -> tuple[str, Path]:
        """Return the spoilt version's name, of family `drill`, and where its checked files are.

        Raises `BadAdapter` if the loading checks refuse it.
        """


class DrillStore(Protocol):
    """The drills that were held."""

    def add(self, drill: Drill) -> None:
        """Keep a drill and, if it missed its objective, tell it, in one transaction."""

    def newest(self, deployment: str, limit: int) -> Sequence[Drill]:
        """Return the newest drills of a deployment, newest first."""
