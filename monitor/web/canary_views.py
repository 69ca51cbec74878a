"""A canary as people see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rollback import canary as rules
from rollback.canary import Canary, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryView:
    """A canary with its numbers and a sentence on how it stands."""

    id: str
    deployment: str
    candidate: str
    against: str | None
    share: float
    step: int
    steps: tuple[float, ...]
    started_at: datetime
    outcome: Outcome | None
    ended_at: datetime | None
    harm: float
    withdrawal_line: float
    noninferiority: float
    promotion_line: float
    margin: float
    callers: Mapping[str, int]
    mean_worth: Mapping[str, float | None]
    standing: str


def view(canary: Canary, now: datetime) -> CanaryView:
    """Return what is shown of a canary; of one that runs also what it waits for."""
    numbers, policy = canary.numbers, canary.policy
    ended = None if canary.outcome is None else canary.outcome.value
    return CanaryView(
        id=canary.id,
        deployment=canary.deployment,
        candidate=canary.candidate,
        against=canary.against,
        share=canary.share if ended is None else 0.0,
        step=canary.step,
        steps=policy.steps,
        started_at=canary.started_at,
        outcome=canary.outcome,
        ended_at=canary.ended_at,
        harm=canary.compared.harm,
        withdrawal_line=policy.withdrawal_line,
        noninferiority=canary.compared.noninferiority,
        promotion_line=policy.promotion_line,
        margin=policy.margin,
        callers=numbers["callers"],
        mean_worth=numbers["mean_worth"],
        standing=ended or rules.next_move(canary, now).reason,
    )
