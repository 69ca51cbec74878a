"""Judges' states, references and the evidence curve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rollback.evidence import EvidencePoint, JudgeState


class EvidenceStore(Protocol):
    """Judges' states, references and the evidence curve."""

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return the saved state of a deployment's judge."""

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

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the frozen reference of a version in a deployment."""
