"""Runs a golden set on the engine: two versions side by side, in the same batches."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from guards import golden, grading, paired
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, EngineError
from monitor.ports import Engine, Generation, GoldenRun, GoldenStore

_AT_ONCE = 8  # cases whose answers are asked for together: a share of a batch, not all of it
_MAX_TOKENS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Args:
        against: version to compare with; only looked at if `compared`.
        cause: gate, suspicion, confirmation, schedule or demand.
        margin: how much worse on average is still no worse, in grades.
        floor: mean grade that a version without anything to compare with must reach.
        stop_line: e-value of harm at which the run stops early; infinite never does.
    """

    deployment: str
    subject: str | None
    against: str | None = None
    compared: bool = False
    cause: str
    margin: float
    min_cases: int
    floor: float = 0.0
    stop_line: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished run, with the paired differences in the random order they were seen."""

    run: GoldenRun
    differences: tuple[float, ...]
    set_size: int
    critical_failures: tuple[str, ...]


class GoldenRuns:
    """Runs golden sets one at a time and records them."""

    def __init__(self, engine: Engine, store: GoldenStore) -> None:
        self._engine = engine
        self._store = store
        self._turn = asyncio.Lock()

    async def run(self, plan: Plan) -> Outcome:
        """Run, compare, record. A failing engine gives the verdict ERROR, not an exception.

        Raises `BadGoldenSet` if the deployment has no golden set, `Unavailable`.
        """
        cases = await asyncio.to_thread(self._store.cases, plan.deployment)
        if not cases:
            raise BadGoldenSet(
                f"{plan.deployment} has no golden set; import one with `backstop golden import`"
            )
        async with self._turn:
            return await self._run(plan, cases)

    async def _run(self, plan: Plan, cases: Sequence[GoldenCase]) -> Outcome:
        run = _begin(plan, cases)
        await asyncio.to_thread(self._store.save_run, run, {})
        order = np.random.default_rng(uuid.UUID(run.id).int).permutation(len(cases))
        shuffled = [cases[i] for i in order]
        try:
            subject, against = await self._answers(plan, shuffled)
            outcome = _conclude(plan, run, shuffled, subject, against)
        except EngineError as error:
            subject, against = [], []
            outcome = _broken(run, len(cases), str(error))
        results = {plan.subject or "": subject}
        if plan.compared:
            results[plan.against or ""] = against
        await asyncio.to_thread(self._store.save_run, outcome.run, results)
        return outcome

    async def _answers(
        self, plan: Plan, cases: Sequence[GoldenCase]
    ) -> tuple[list[GoldenResult], list[GoldenResult]]:
        subject: list[GoldenResult] = []
        against: list[GoldenResult] = []
        for start in range(0, len(cases), _AT_ONCE):
            chunk = cases[start : start + _AT_ONCE]
            asked = [self._answer(case, plan.subject) for case in chunk]
            if plan.compared:
                asked += [self._answer(case, plan.against) for case in chunk]
            answered = await asyncio.gather(*asked)
            subject += answered[: len(chunk)]
            against += answered[len(chunk) :]
            if plan.compared and _clear(plan, subject, against, len(cases)):
                break
        return subject, against

    async def _answer(self, case: GoldenCase, version: str | None) -> GoldenResult:
        began = time.monotonic()
        generation = Generation(messages=case.messages, max_tokens=_MAX_TOKENS, temperature=0.0)
        pieces = [piece.text async for piece in self._engine.complete(generation, version)]
        output = "".join(pieces)
        grade = await asyncio.to_thread(grading.grade, case.expectation, output)
        return GoldenResult(
            case_id=case.id,
            output=output,
            raw=grade.raw,
            grade=grade.normalized,
            latency_s=time.monotonic() - began,
        )


def _begin(plan: Plan, cases: Sequence[GoldenCase]) -> GoldenRun:
    return GoldenRun(
        id=str(uuid.uuid4()),
        deployment=plan.deployment,
        subject=plan.subject,
        against=plan.against if plan.compared else None,
        compared=plan.compared,
        cause=plan.cause,
        set_digest=golden.set_digest(cases),
        started_at=datetime.now(UTC),
    )


def _differences(
    subject: Sequence[GoldenResult], against: Sequence[GoldenResult]
) -> tuple[float, ...]:
    return tuple(s.grade - a.grade for s, a in zip(subject, against, strict=True))


def _clear(
    plan: Plan, subject: Sequence[GoldenResult], against: Sequence[GoldenResult], size: int
) -> bool:
    """Whether harm is shown beyond the line already, so that more cases would be waste."""
    test = paired.HarmTest(margin=plan.margin, set_size=size)
    return any(test.update(d) >= plan.stop_line for d in _differences(subject, against))


def _conclude(
    plan: Plan,
    run: GoldenRun,
    cases: Sequence[GoldenCase],
    subject: Sequence[GoldenResult],
    against: Sequence[GoldenResult],
) -> Outcome:
    critical = tuple(
        case.id
        for case, result in zip(cases, subject, strict=False)
        if case.critical and result.grade < 1
    )
    grades = [result.grade for result in subject]
    if plan.compared:
        comparison = paired.compare(
            grades,
            [result.grade for result in against],
            margin=plan.margin,
            set_size=len(cases),
            line=plan.stop_line,
            min_cases=plan.min_cases,
        )
    else:
        comparison = paired.absolute(grades, floor=plan.floor, min_cases=plan.min_cases)
    verdict = Verdict.FAIL if critical else comparison.verdict
    return Outcome(
        run=replace(
            run,
            finished_at=datetime.now(UTC),
            verdict=verdict,
            summary={
                **comparison.numbers(),
                "critical_failures": list(critical),
                "raw_mean": float(np.mean([result.raw for result in subject])),
                "latency_mean_s": float(np.mean([result.latency_s for result in subject])),
            },
        ),
        differences=_differences(subject, against) if plan.compared else (),
        set_size=len(cases),
        critical_failures=critical,
    )


def _broken(run: GoldenRun, set_size: int, reason: str) -> Outcome:
    return Outcome(
        run=replace(
            run,
            finished_at=datetime.now(UTC),
            verdict=Verdict.ERROR,
            summary={"sentence": f"the run broke off: {reason}"},
        ),
        differences=(),
        set_size=set_size,
        critical_failures=(),
    )
