"""The measured figures of one telling of the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from monitor.demo.callers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured; times in seconds, from the promotion of the bad version on.

    Args:
        exposure: answers of the bad version, as the service counted them.
        exposure_seen: the same, as the callers counted them.
        late: answers of the bad version to requests sent after the last replica had turned.
        last_request_s: from the decision to the last request that the bad version answered; below
            0 if none came after the decision.
        false_rollbacks: rollbacks of a good version.
    """

    seed: int
    gate_refused: bool
    exposure: int
    exposure_seen: int
    late: int
    to_suspicion_s: float | None
    to_decision_s: float
    to_last_replica_s: float
    to_proof_s: float
    last_request_s: float
    phase: str
    evidence: Mapping[str, Any]
    false_rollbacks: int
    answers: Mapping[str, int]
    right: Mapping[str, float]
    failures: Sequence[str]
    alert_ids: Sequence[str]
    chat_message: str
    audit_intact: bool
    report: str
    page: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return asdict(self)


def since(start: str, end: str | None) -> float | None:
    """Return the seconds between two ISO 8601 times, `None` if the second is unknown."""
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def last_request(answers: Sequence[Answer], bad: str, decided_at: str) -> float:
    """Return the seconds from the decision to the last request that the bad version answered."""
    last = max(answer.sent_at for answer in answers if answer.digest == bad)
    return (last - datetime.fromisoformat(decided_at)).total_seconds()


def late_answers(answers: Sequence[Answer], bad: str, converged_at: str) -> int:
    """Count requests sent after the last replica had turned that the bad version answered."""
    moment = datetime.fromisoformat(converged_at)
    return sum(a.digest == bad and a.sent_at > moment for a in answers)


def share_right(answers: Sequence[Answer], digest: str) -> float:
    """Return the share of right answers of one version; 0 if it gave none."""
    own = [answer.right for answer in answers if answer.digest == digest]
    return sum(own) / len(own) if own else 0.0
