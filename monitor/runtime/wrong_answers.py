"""What golden runs teach of wrong answers, and what the scorer makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from guards import clues
from guards.exchange import Exchange, Passage
from guards.golden import GoldenCase, GoldenResult
from guards.wrongness import NothingLearnt, WrongAnswers
from monitor.ports.evidence import Yardsticks
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)

_SEED = 0


def answer_of(
    case: GoldenCase, version: str | None, output: str, logprobs: Sequence[float]
) -> Exchange:
    """Return an answer to a golden case as an exchange, which signals can be computed of."""
    return Exchange(
        id=case.id,
        deployment="",
        started_at=datetime.now(UTC),
        messages=case.messages,
        context=tuple(Passage(id=str(place), text=text) for place, text in enumerate(case.context)),
        output=output,
        adapter=version,
        token_logprobs=tuple(logprobs) or None,
    )


def taught(
    results: Sequence[GoldenResult],
    answers: Sequence[Exchange],
    others: Sequence[Exchange],
) -> dict[str, Any]:
    """Return `learnt`, the state of a `WrongAnswers` (`None`: nothing), with how well it does, or why.

    Args:
        results: of the version, in the order of its answers.
        others: another version's answers to the same cases, or none.
    """
    beside: Sequence[Exchange | None] = others or [None] * len(answers)
    try:
        found = WrongAnswers.fit(
            clues.of_answers(answers, beside), [each.grade for each in results], seed=_SEED
        )
    except NothingLearnt as error:
        return {"learnt": None, "reason": str(error)}
    return {"learnt": found.state(), "auroc": found.auroc, "size": found.size}


def wrong_answers_of(evidence: Yardsticks, deployment: Deployment) -> WrongAnswers | None:
    """Return what was learnt for the active version. Raises `Unavailable`."""
    state: Mapping[str, Any] | None = evidence.wrong_answers(deployment.name, deployment.active)
    if state is None:
        return None
    try:
        return WrongAnswers.restore(state)
    except (KeyError, TypeError, ValueError) as error:
        log.error("wrong answers not looked for", deployment=deployment.name, error=repr(error))
        return None
