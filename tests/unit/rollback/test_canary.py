"""The rules of a canary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rollback import canary_policy
from rollback.canary import Advance, Canary, PromoteAll, Wait, Withdraw, next_move
from rollback.canary_policy import CanaryPolicy
from rollback.randomized import Randomized

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + timedelta(hours=1)
POLICY = CanaryPolicy(steps=(0.1, 0.5), at_least=50)


def canary(
    worth_of_candidate: float | None = None, callers: int = 400, **changes: object
) -> Canary:
    """Return a canary whose active version's answers are worth 1."""
    compared = Randomized(POLICY.margin)
    for caller in range(callers if worth_of_candidate is not None else 0):
        to_candidate = caller % 2 == 0
        compared.observe(0.5, to_candidate, worth_of_candidate if to_candidate else 1.0)
    usual: dict[str, object] = {
        "id": "c1",
        "deployment": "support",
        "candidate": "support@2",
        "against": "support@1",
        "epoch": 1,
        "policy": POLICY,
        "compared": compared,
        "actor": "ann",
        "reason": "",
        "started_at": START,
        "step_started_at": START,
    }
    return Canary(**{**usual, **changes})


def test_a_candidate_that_is_no_worse_advances_and_is_promoted_at_last() -> None:
    """By the numbers that it carries."""
    move = next_move(canary(1.0), LATER)
    assert isinstance(move, Advance)
    assert move.step == 1
    assert move.numbers["noninferiority"] >= POLICY.promotion_line
    assert isinstance(next_move(canary(1.0, step=1), LATER), PromoteAll)


def test_a_harmful_candidate_is_withdrawn_whatever_its_step_lacks() -> None:
    """Harm does not wait for the clock."""
    move = next_move(canary(0.0), START)
    assert isinstance(move, Withdraw)
    assert "reached the line 100" in move.reason


@pytest.mark.parametrize(
    ("waiting", "why"),
    [
        (canary(), "0 callers of the candidate in this step of 50 needed"),
        (canary(1.0, step_callers=170), "30 callers"),
        (canary(1.0, step_started_at=LATER - timedelta(minutes=5)), "has lasted 5m of 30m"),
        (canary(0.95), "is below the line"),
    ],
)
def test_whatever_is_lacking_nothing_moves(waiting: Canary, why: str) -> None:
    """Inconclusive never promotes."""
    move = next_move(waiting, LATER)
    assert isinstance(move, Wait)
    assert why in move.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": ()},
        {"steps": (0.5, 0.1)},
        {"steps": (0.1, 0.1)},
        {"steps": (0.1, 1.0)},
        {"steps": (0.0, 0.5)},
        {"margin": 0.0},
        {"at_least": 0},
        {"promotion_line": 1.0},
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(changes: dict[str, object]) -> None:
    """At once, not in the middle of a canary."""
    with pytest.raises(ValueError, match=r"must|each step"):
        replace(POLICY, **changes)


def test_a_policy_is_kept_with_its_canary() -> None:
    """A canary goes on by the rules by which it began."""
    assert canary_policy.policy_of(POLICY.state()) == POLICY
