"""What golden runs teach of wrong answers, and what the scorer makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What is known of a version's wrong answers.

    Args:
        alone: from clues of the answer by itself, for live answers.
        beside: with its agreement with the other version's answer, for answers with a shadow.
    """

    alone: WrongAnswers | None = None
    beside: WrongAnswers | None = None


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
    """Return what each way of looking taught: the answer alone, and beside the other version's.

    `learnt` and `learnt_beside` are states of `WrongAnswers` (`None`: nothing, and why).

    Args:
        results: of the version, in the order of its answers.
        others: another version's answers to the same cases, or none.
    """
    grades = [each.grade for each in results]
    found = _fitted("", clues.of_answers(answers, [None] * len(answers)), grades)
    if others:
        found |= _fitted("_beside", clues.of_answers(answers, others), grades)
    return found


def _fitted(
    ending: str, found: Sequence[Mapping[str, float]], grades: Sequence[float]
) -> dict[str, Any]:
    try:
        fitted = WrongAnswers.fit(found, grades, seed=_SEED)
    except NothingLearnt as error:
        return {f"learnt{ending}": None, f"reason{ending}": str(error)}
    return {
        f"learnt{ending}": fitted.state(),
        f"auroc{ending}": fitted.auroc,
        f"size{ending}": fitted.size,
    }


def wrong_answers_of(evidence: Yardsticks, deployment: Deployment) -> Learnt:
    """Return what was learnt for the active version. Raises `Unavailable`."""
    told = evidence.wrong_answers(deployment.name, deployment.active) or {}
    alone = _restored(told.get("learnt"), deployment.name)
    if alone is not None and clues.AGREEMENT.intersection(alone.names):
        alone = None  # of a release that learnt with agreement, which live answers have none of
    return Learnt(alone=alone, beside=_restored(told.get("learnt_beside"), deployment.name))


def _restored(state: Mapping[str, Any] | None, deployment: str) -> WrongAnswers | None:
    if state is None:
        return None
    try:
        return WrongAnswers.restore(state)
    except (KeyError, TypeError, ValueError) as error:
        log.error("wrong answers not looked for", deployment=deployment, error=repr(error))
        return None
