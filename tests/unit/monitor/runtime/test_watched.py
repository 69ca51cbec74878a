"""What a deployment's judge starts from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

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


@pytest.mark.parametrize("found", [{}, {"format": 0, "judge": {"of": "another version"}}])
def test_a_state_of_another_format_begins_anew(found: dict[str, Any]) -> None:
    """Neither an older nor a newer version's state stops the service; positions count on."""
    deployment = Deployment(name="support")
    begun = watched.begun(deployment, Policy(), None, position=41)
    saved = replace(begun.state("support"), state=found)
    restored = watched.restored(deployment, Policy(), None, saved)
    assert restored.judge.position == 41
    assert restored.point is None


def test_a_state_of_this_format_is_restored() -> None:
    """What was saved goes on with its evidence."""
    deployment = Deployment(name="support")
    begun = watched.begun(deployment, Policy(), None)
    begun.judge_all(begun.assess([_cut(i) for i in range(5)]), 150)
    restored = watched.restored(deployment, Policy(), None, begun.state("support"))
    assert restored.judge.point == begun.judge.point
