"""Judges' states, references and the evidence curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from monitor.ports.record import Observed
from rollback.evidence import EvidencePoint, JudgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBatch:
    """What the answers of one recorded batch say to the judges, in their order.

    Args:
        after: number of the batch to be read before it, -1 for none: numbers may have gaps.
    """

    replica: str
    number: int
    items: Sequence[Observed]
    after: int = -1


class Observations(Protocol):
    """The answers of every replica on their way to the judges: one stream, read by the leader."""

    def unread(self, limit: int) -> Sequence[ObservedBatch]:
        """Return up to `limit` batches that no judge has read, in the order to be read.

        Those of one replica come in the order of their numbers; batches of several replicas come
        in the order in which they were written.
        """


class Yardsticks(Protocol):
    """What answers are held against, and where the judges stand, to read."""

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return the saved state of a deployment's judge."""

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the frozen reference of a version in a deployment."""

    def wrong_answers(self, deployment: str, version: str | None) -> Mapping[str, Any] | None:
        """Return what the version's newest golden run taught of wrong answers, if it taught any.

        `learnt` and, where the run compared, `learnt_beside` are states of a
        `guards.wrongness.WrongAnswers` each, or `None`.
        """

    def drafted(self, deployment: str, epoch: int) -> tuple[bytes, int] | None:
        """Return the reference that was offered under an epoch, and of how many answers it is."""


class EvidenceStore(Yardsticks, Protocol):
    """Judges' states, references and the evidence curve."""

    def save(
        self,
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        read: Mapping[str, tuple[int, int]],
        dealt: Sequence[Observed] = (),
    ) -> None:
        """Write what judges found together with how far they have read, in one transaction.

        Of two points at one position of an epoch the later stays: a golden run is weighed between
        two answers. A state with an epoch older than the stored one is left out.

        Args:
            read: replica → (number read to before, number read to now); -1 is none.
            dealt: answers to callers whom a canary dealt a version; those of one that is over say
                nothing.

        Raises `Conflict`, and writes nothing, if somebody else has read on from there.
        """

    def newest(self, deployment: str, epoch: int) -> EvidencePoint | None:
        """Return the last point of an epoch, or `None` before its first."""

    def curve(
        self,
        deployment: str,
        since: datetime,
        *,
        until: datetime | None = None,
        most: int = 400,
    ) -> Sequence[EvidencePoint]:
        """Return the evidence curve in [since, until), oldest first, thinned.

        Each epoch is cut into at most `most` slots of as many answers each, and a slot gives its
        first point and its first over each line: no crossing is lost, the earliest crossings and
        the newest point are exact, and an epoch of at most `most` points comes whole.
        """

    def save_reference(
        self, version: str | None, deployment: str, payload: bytes, size: int, at: datetime
    ) -> None:
        """Freeze the reference answers' scores of a version; once, later calls change nothing."""

    def draft_reference(
        self, deployment: str, version: str | None, epoch: int, payload: bytes, size: int
    ) -> None:
        """Offer a reference made of a version's first answers under an epoch; the first one stays."""
