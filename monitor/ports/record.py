"""The record of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guards.assessment import Scored
from guards.exchange import Message
from guards.verdicts import Verdict
from rollback.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a judge must know of one answer; it holds no text.

    Args:
        adapter: version that gave the answer, `None` is the base model.
        own_reference: whether the scores were made against the version's own reference (it was
            confirmed already) and not its baseline's; a judge has no use for scores of the other kind.
    """

    deployment: str
    adapter: str | None
    epoch: int
    own_reference: bool
    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredBatch:
    """Answers that one scorer has assessed, in their order.

    Args:
        replica: the scorer; its name is never used again after a restart.
        number: counted from 0 for each scorer.
    """

    replica: str
    number: int
    scored: Sequence[Scored]
    observed: Sequence[Observed]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBatch:
    """A batch as it goes to Postgres, or to disk while Postgres is away.

    Args:
        count: answers in it.
        payload: opaque to all but the store that packed it.
    """

    replica: str
    number: int
    count: int
    payload: bytes


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

    def pack(self, batch: ScoredBatch, *, keep_text: bool) -> PackedBatch:
        """Return a batch in the form in which it is written; texts are left out unless kept."""

    def record(self, batch: PackedBatch) -> None:
        """Write answers (COPY) and what judges must know of them in one transaction.

        Answers whose id is there already are left as they are, and judges do not see them again;
        a batch of a replica and number that is there already changes nothing.
        """

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        """Return the newest answers, newest first."""

    def find(self, exchange_id: str) -> RecordedExchange | None:
        """Return an answer by its id, or `None`."""

    def asked(
        self, exchange_id: str, candidates: Sequence[tuple[Message, ...]]
    ) -> tuple[Message, ...] | None:
        """Return the candidate that an answer was asked by, or `None`; the hash of it tells."""

    def shadow_tokens(self, deployment: str, since: datetime) -> tuple[int, int]:
        """Return how many tokens of prompts, and of answers, the shadows since a moment took."""

    def exposure(self, deployment: str, epoch: int) -> int:
        """Count the answers recorded under an epoch."""
