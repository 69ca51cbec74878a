"""The record of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guards.assessment import Scored
from guards.verdicts import Verdict
from rollback.evidence import EvidencePoint, JudgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExchange:
    """A row of the record, as people see it. Texts are `None` where they are not kept."""

    id: str
    deployment: str
    adapter: str | None
    epoch: int
    started_at: datetime
    verdict: Verdict
    findings: tuple[str, ...]
    signals: Mapping[str, float]
    latency_s: float | None
    output_tokens: int | None
    finish_reason: str | None
    error: str | None
    prompt: str | None
    output: str | None


class ExchangeStore(Protocol):
    """The record of answers."""

    def record(
        self,
        batch: Sequence[Scored],
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        *,
        keep_text: bool,
    ) -> None:
        """Write answers (COPY), evidence and judges' states in one transaction.

        Rows whose id is already there are left as they are (a repeated batch does no harm). Of
        two points at one position of an epoch the later stays: a golden run is weighed between
        two answers.
        A state with an epoch older than the stored one is left out.
        """

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        """Return the newest answers, newest first."""

    def exposure(self, deployment: str, epoch: int) -> int:
        """Count the answers recorded under an epoch."""

    def delete_before(self, moment: datetime, *, text_before: datetime) -> int:
        """Delete answers older than `moment`, and texts older than `text_before`."""
