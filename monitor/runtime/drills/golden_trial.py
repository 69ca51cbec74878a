"""The golden gate of a drill: the spoilt version against the active one, in the service's own trial."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from guards.exchange import Exchange
from guards.expectation import GradingError
from guards.golden import GoldenCase, GoldenResult
from guards.trial import SHOWN, History, Terms, Trial
from guards.verdicts import Verdict
from monitor.ports.drills import Caught, Means
from monitor.ports.grading import Grader
from monitor.runtime.drills.answering import Answering
from rollback.gate import Refused, gate
from rollback.policy import Policy

_ORDER_SEED = 0


async def held(
    answering: Answering,
    grader: Grader,
    cases: Sequence[GoldenCase],
    policy: Policy,
    *,
    active: str | None,
    spoilt: str,
) -> Caught | None:
    """Return the refusal, with how many of the spoilt version's answers it took; `None` if it passes.

    A set whose grades cannot be had says nothing. Raises `Unavailable`.
    """
    order = np.random.default_rng(_ORDER_SEED).permutation(len(cases)).tolist()
    terms = Terms(
        margin=policy.margin,
        min_cases=policy.min_golden_cases,
        worse_line=SHOWN,
        clear_line=SHOWN,
    )
    trial = Trial(cases=cases, order=order, terms=terms, history=History())
    seconds, subject, against = 0.0, list[GoldenResult](), list[GoldenResult]()
    for start in range(0, len(order), answering.at_once):
        asked = [cases[place] for place in order[start : start + answering.at_once]]
        began = time.monotonic()
        try:
            subject += await _graded(answering, grader, asked, spoilt)
            seconds += time.monotonic() - began
            against += await _graded(answering, grader, asked, active)
        except GradingError:
            return None
        if len(subject) >= terms.min_cases and trial.is_settled(subject, against):
            break
    return _refusal(trial, subject, against, seconds) if subject else None


def _refusal(
    trial: Trial, subject: Sequence[GoldenResult], against: Sequence[GoldenResult], seconds: float
) -> Caught | None:
    reading = trial.read(subject, against)
    asked = [trial.cases[place] for place in trial.order[: len(subject)]]
    pairs = zip(asked, subject, strict=True)
    critical = [case.id for case, result in pairs if case.critical and result.grade < 1]
    passage = gate(reading.verdict, critical, force=False)
    # A set that is too small refuses every version alike, so that it has caught nothing.
    if not isinstance(passage, Refused) or (reading.verdict is not Verdict.FAIL and not critical):
        return None
    return Caught(by=Means.GOLDEN, answers=len(subject), seconds=seconds, reason=reading.sentence)


async def _graded(
    answering: Answering, grader: Grader, cases: Sequence[GoldenCase], version: str | None
) -> Sequence[GoldenResult]:
    answers = await answering.ask([case.messages for case in cases], version)
    pairs = zip(cases, answers, strict=True)
    return [await _result(grader, case, answer, version) for case, answer in pairs]


async def _result(
    grader: Grader, case: GoldenCase, answer: Exchange, version: str | None
) -> GoldenResult:
    grade = await grader.grade(case, answer.output, version)
    return GoldenResult(
        case_id=case.id,
        output=answer.output,
        raw=grade.raw,
        grade=grade.normalized,
        latency_s=answer.latency_s or 0.0,
    )
