"""What a golden run's answers come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from guards import paired, slices
from guards.exchange import Exchange
from guards.golden import GoldenCase, GoldenResult
from guards.trial import Trial
from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun, RunStatus
from monitor.runtime import wrong_answers
from monitor.runtime.golden_plan import Outcome, Plan


@dataclass(slots=True, kw_only=True)
class Answers:
    """Graded answers so far, in the order of asking; `order` holds the cases' indices.

    The first `counted` are compared; critical cases that were asked after that are not.
    """

    order: list[int]
    subject: list[GoldenResult] = field(default_factory=list)
    against: list[GoldenResult] = field(default_factory=list)
    counted: int = 0

    @property
    def fault(self) -> str | None:
        """The first case that could not be answered or graded, and why."""
        results = (*self.subject, *self.against)
        found = next((result for result in results if result.error is not None), None)
        return None if found is None else f"case {found.case_id!r}: {found.error}"


def conclude(plan: Plan, run: GoldenRun, trial: Trial, answers: Answers) -> Outcome:
    """Return the verdict and the figures. Blocks: signals of every answer take a while."""
    if answers.fault:
        return broken(run, answers.fault)
    asked = [trial.cases[i] for i in answers.order[: len(answers.subject)]]
    critical = tuple(
        case.id
        for case, result in zip(asked, answers.subject, strict=True)
        if case.critical and result.grade < 1
    )
    verdict, values, found = (
        _compared(trial, answers) if plan.compared else _alone(plan, asked, answers)
    )
    verdict = Verdict.FAIL if critical else verdict
    summary = {
        **found,
        "verdict": verdict.value,
        "critical_failures": list(critical),
        "flaky": sorted(trial.history.weights),
        "raw_mean": float(np.mean([result.raw for result in answers.subject])),
        "wrong_answers": wrong_answers.taught(
            answers.subject,
            _exchanges(asked, plan.subject, answers.subject),
            _exchanges(asked, plan.against, answers.against) if plan.compared else (),
        ),
        "latency_mean_s": float(np.mean([result.latency_s for result in answers.subject])),
    }
    return Outcome(
        run=ended(run, verdict, summary),
        differences=values,
        set_size=len(trial.cases),
        critical_failures=critical,
    )


def broken(run: GoldenRun, reason: str) -> Outcome:
    """Return the outcome of a run that could not be brought to its end."""
    return told(run, Verdict.ERROR, f"the run broke off: {reason}")


def told(run: GoldenRun, verdict: Verdict, sentence: str) -> Outcome:
    """Return the outcome of a run that says something else than its answers do."""
    return Outcome(
        run=ended(run, verdict, {"sentence": sentence}),
        differences=(),
        set_size=run.set_size,
        critical_failures=(),
    )


def ended(run: GoldenRun, verdict: Verdict, summary: Mapping[str, Any]) -> GoldenRun:
    """Return a run with its end."""
    return replace(
        run,
        finished_at=datetime.now(UTC),
        verdict=verdict,
        summary=summary,
        status=RunStatus.FINISHED,
    )


def _compared(
    trial: Trial, answers: Answers
) -> tuple[Verdict, tuple[float, ...], Mapping[str, Any]]:
    reading = trial.read(answers.subject[: answers.counted], answers.against[: answers.counted])
    found = {
        **asdict(reading.comparison),
        "sentence": reading.sentence,
        "slices": reading.slices,
        "regressions": asdict(reading.regressions),
        "run_harm": reading.run_harm,
        "accumulated": reading.accumulated,
        "sums": reading.sums,
    }
    return reading.verdict, reading.values, found


def _alone(
    plan: Plan, asked: Sequence[GoldenCase], answers: Answers
) -> tuple[Verdict, tuple[float, ...], Mapping[str, Any]]:
    grades = [result.grade for result in answers.subject]
    found = paired.absolute(grades, floor=plan.floor, min_cases=plan.min_cases)
    by_slice = slices.means(asked, answers.subject)
    return found.verdict, (), {**asdict(found), "sentence": found.sentence, "slices": by_slice}


def _exchanges(
    cases: Sequence[GoldenCase], version: str | None, results: Sequence[GoldenResult]
) -> list[Exchange]:
    return [
        wrong_answers.answer_of(case, version, result.output, result.token_logprobs)
        for case, result in zip(cases, results, strict=True)
    ]
