"""A canary: a candidate with a share of the callers, which grows or goes by evidence alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from rollback.canary_policy import CanaryPolicy
from rollback.durations import spell
from rollback.randomized import Randomized
from rollback.times import require_aware


class Outcome(Enum):
    """How a canary ended."""

    PROMOTED = "promoted"  # means that the candidate serves everybody, by evidence
    WITHDRAWN = "withdrawn"  # means that harm was shown, and the candidate is in quarantine
    OVERTAKEN = (
        "overtaken"  # means that the pointer moved, or the share was changed, by another way
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A canary as it stands.

    Args:
        against: version that was active when it began; `None` is the base model.
        epoch: of the deployment throughout; another one means that the canary is over.
        step: index into the policy's steps.
        step_callers: callers of the candidate that had counted when the step began.

    Raises:
        ValueError: if a moment is naive.
    """

    id: str
    deployment: str
    candidate: str
    against: str | None
    epoch: int
    policy: CanaryPolicy
    compared: Randomized
    actor: str
    reason: str
    started_at: datetime
    step: int = 0
    step_started_at: datetime
    step_callers: int = 0
    outcome: Outcome | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(
            f"canary {self.id}",
            started_at=self.started_at,
            step_started_at=self.step_started_at,
            ended_at=self.ended_at,
        )

    @property
    def share(self) -> float:
        """The candidate's share of the callers in this step."""
        return self.policy.steps[self.step]

    @property
    def numbers(self) -> Mapping[str, Any]:
        """What a decision rests on, JSON-able."""
        (active, active_worth), (candidate, worth) = self.compared.active, self.compared.candidate
        return {
            "canary": self.id,
            "step": self.step,
            "share": self.share,
            "harm": self.compared.harm,
            "withdrawal_line": self.policy.withdrawal_line,
            "noninferiority": self.compared.noninferiority,
            "promotion_line": self.policy.promotion_line,
            "margin": self.policy.margin,
            "callers": {"active": active, "candidate": candidate},
            "mean_worth": {"active": active_worth, "candidate": worth},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing is shown yet: the share stays."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """The candidate is shown to be no worse: the next step begins."""

    step: int
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteAll:
    """The candidate is shown to be no worse in every step: everybody gets it."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Harm is shown: nobody gets the candidate any more."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


Move = Wait | Advance | PromoteAll | Withdraw


def next_move(canary: Canary, now: datetime) -> Move:
    """Return what to do about a canary; without enough evidence either way, nothing."""
    policy, compared = canary.policy, canary.compared
    if compared.harm >= policy.withdrawal_line:
        reason = (
            f"evidence that {canary.candidate} is worse than the margin {policy.margin:g} "
            f"{_spell(compared.harm)} reached the line {policy.withdrawal_line:g} after "
            f"{compared.candidate[0]} of its callers"
        )
        return Withdraw(reason=reason, numbers=canary.numbers)
    lacking = _lacking(canary, now)
    if lacking is not None:
        return Wait(reason=lacking)
    reason = (
        f"evidence that {canary.candidate} is no worse than the margin {policy.margin:g} "
        f"{_spell(compared.noninferiority)} is above the line {policy.promotion_line:g} after "
        f"{compared.candidate[0]} of its callers"
    )
    if canary.step + 1 < len(policy.steps):
        return Advance(step=canary.step + 1, reason=reason, numbers=canary.numbers)
    return PromoteAll(reason=reason, numbers=canary.numbers)


def _lacking(canary: Canary, now: datetime) -> str | None:
    """Say what the present step still lacks, if anything."""
    policy, compared = canary.policy, canary.compared
    callers = compared.candidate[0] - canary.step_callers
    if callers < policy.at_least:
        return f"{callers} callers of the candidate in this step of {policy.at_least} needed"
    lasted = now - canary.step_started_at
    if lasted < policy.lasting:
        return f"this step has lasted {spell(lasted)} of {spell(policy.lasting)}"
    if compared.noninferiority < policy.promotion_line:
        return (
            f"evidence that it is no worse {_spell(compared.noninferiority)} is below the line "
            f"{policy.promotion_line:g}"
        )
    return None


def _spell(value: float) -> str:
    return f"{value:,.1f}" if value < 1e6 else f"{value:.1e}"
