"""What a deployment's judge starts from."""

from __future__ import annotations

from datetime import UTC, datetime

from guards.exchange import Exchange, FinishReason, Message
from guards.reference import Reference
from monitor.runtime import watched
from rollback.deployment import Deployment
from rollback.policy import Policy


def _cut(number: int) -> Exchange:
    return Exchange(
        id=str(number),
        deployment="support",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        messages=(Message(role="user", content=f"question {number}"),),
        output=f"an answer that the limit cut at word {number}",
        finish_reason=FinishReason.LENGTH,
    )


def test_a_reference_in_which_every_answer_is_faulty_can_be_judged_by() -> None:
    """Where every usual answer is cut, the judge starts, and a cut answer is no news."""
    reference = Reference.fit([_cut(i) for i in range(60)], seed=0)
    begun = watched.begun(Deployment(name="support"), Policy(), reference)
    begun.judge_all(begun.assess([_cut(100 + i) for i in range(50)]), 150)
    point = begun.judge.point
    assert point is not None
    assert point.evidence < point.line
