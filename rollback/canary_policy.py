"""By what rules a canary goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPolicy:
    """By what rules a canary goes.

    Args:
        steps: shares of the callers in (0, 1), growing; behind the last one is everybody.
        at_least: callers of the candidate that must count in a step.
        lasting: how long a step takes at least.
        margin: in (0, .5), how much less an answer may be worth.
        promotion_line: 1/α; P(a candidate that is worse by the margin is ever given more) ≤ α.
        withdrawal_line: 1/α; P(a candidate that is no worse is ever withdrawn) ≤ α.

    Raises:
        ValueError: if a number is out of its range.
    """

    steps: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5)
    at_least: int = 200
    lasting: timedelta = timedelta(minutes=30)
    margin: float = 0.05
    promotion_line: float = 20.0
    withdrawal_line: float = 100.0

    def __post_init__(self) -> None:
        if not self.steps or list(self.steps) != sorted(set(self.steps)):
            raise ValueError("the steps must grow, and there must be at least one")
        if self.steps[0] <= 0.0 or self.steps[-1] >= 1.0:
            raise ValueError("each step is a share above 0 and below 1")
        if not 0.0 < self.margin < 0.5:
            raise ValueError("the margin must lie between 0 and 0.5")
        if self.at_least < 1 or min(self.promotion_line, self.withdrawal_line) <= 1.0:
            raise ValueError("at_least must be at least 1, and the lines above 1")

    def state(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "steps": list(self.steps),
            "at_least": self.at_least,
            "lasting_s": self.lasting.total_seconds(),
            "margin": self.margin,
            "promotion_line": self.promotion_line,
            "withdrawal_line": self.withdrawal_line,
        }


def policy_of(state: Mapping[str, Any]) -> CanaryPolicy:
    """Return the policy that gave a state."""
    known = dict(state)
    lasting = timedelta(seconds=known.pop("lasting_s"))
    return CanaryPolicy(**{**known, "steps": tuple(known["steps"]), "lasting": lasting})
