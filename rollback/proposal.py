"""A proposal: what the policy lets happen only with a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from rollback.times import require_aware


class Act(Enum):
    """What is proposed."""

    ROLLBACK = "rollback"  # means that `version` shall come back
    PROMOTION = "promotion"  # means that `version` shall serve, if it passes the gate


class Answer(Enum):
    """What a person said."""

    PENDING = "pending"  # means that not enough people have said anything yet
    APPROVED = "approved"  # means that it may be done
    REJECTED = "rejected"  # means that it may not


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One act that waits for a person, or was answered.

    Args:
        epoch: of the deployment when it was made; in another one it is void.
        version: `None` is the base model.
        made_by: a person, or `backstop`.
        needed: how many different people must say yes; at least 1.
        approved_by: who has said yes, in that order.

    Raises:
        ValueError: if a moment is naive.
    """

    id: str
    deployment: str
    epoch: int
    act: Act
    version: str | None
    reason: str
    made_at: datetime
    made_by: str
    answer: Answer = Answer.PENDING
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer_reason: str = ""
    needed: int = 1
    approved_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_aware(f"proposal {self.id}", made_at=self.made_at, answered_at=self.answered_at)

    @property
    def lacks(self) -> int:
        """How many more people must say yes."""
        return max(0, self.needed - len(self.approved_by))

    @property
    def answered_by_all(self) -> str:
        """Everybody by whom it was approved, or who said no."""
        agreed = self.answer is Answer.APPROVED and self.approved_by
        return ", ".join(self.approved_by) if agreed else self.answered_by or ""
