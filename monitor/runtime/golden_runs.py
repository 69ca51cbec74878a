"""Runs a golden set on the engine: two versions side by side, in the same batches."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from guards import golden, paired, slices
from guards.betting import evidence_of_harm
from guards.expectation import LIKELIHOODS, GradingError
from guards.golden import GoldenCase, GoldenResult
from guards.paired import Comparison, Standing
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, BadRequest, EngineError
from monitor.ports.engine import Engine, Generation
from monitor.ports.golden import GoldenRun, GoldenStore
from monitor.ports.grading import Grader
from monitor.runtime.text_grader import TextGrader

_AT_ONCE = 8  # cases whose answers are asked for together: a share of a batch, not all of it
_MAX_TOKENS = 256
_CASE_LIMIT = timedelta(minutes=5)  # even a slow engine has answered a batch by then
_BY_TEXT = TextGrader()


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
    """Runs golden sets one at a time and records them.

    Args:
        case_limit: how long the answer to one case and its grading may take.
    """

    def __init__(
        self,
        engine: Engine,
        store: GoldenStore,
        grader: Grader = _BY_TEXT,
        case_limit: timedelta = _CASE_LIMIT,
    ) -> None:
        self._engine = engine
        self._store = store
        self._grader = grader
        self._case_limit = case_limit
        self._turn = asyncio.Lock()

    async def run(self, plan: Plan) -> Outcome:
        """Run, compare, record.

        A failing engine and a case that cannot be answered or graded give the verdict ERROR, not
        an exception. Whatever else goes wrong is recorded as ERROR too, and raised.

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
        order = np.random.default_rng(uuid.UUID(run.id).int).permutation(len(cases)).tolist()
        answers = Answers(order=order)
        try:
            await self._collect(plan, cases, answers)
            fault = answers.fault
            outcome = (
                _broken(run, len(cases), fault) if fault else _conclude(plan, run, cases, answers)
            )
        except EngineError as error:
            outcome = _broken(run, len(cases), str(error))
        except Exception as error:  # the row must end, or the run would seem to go on for ever
            broken = _broken(run, len(cases), str(error) or repr(error))
            await asyncio.to_thread(self._store.save_run, broken.run, {})
            raise
        results = {plan.subject or "": answers.subject}
        if plan.compared:
            results[plan.against or ""] = answers.against
        await asyncio.to_thread(self._store.save_run, outcome.run, results)
        return outcome

    async def _collect(self, plan: Plan, cases: Sequence[GoldenCase], answers: Answers) -> None:
        """Ask the cases in random order, a few at a time, until they are enough or one fails."""
        for start in range(0, len(cases), _AT_ONCE):
            chunk = [cases[i] for i in answers.order[start : start + _AT_ONCE]]
            asked = [self._answer(case, plan.subject) for case in chunk]
            if plan.compared:
                asked += [self._answer(case, plan.against) for case in chunk]
            answered = await asyncio.gather(*asked)
            answers.subject += answered[: len(chunk)]
            answers.against += answered[len(chunk) :]
            if answers.fault:
                return
            if plan.compared and _is_clear(plan, answers, len(cases)):
                return

    async def _answer(self, case: GoldenCase, version: str | None) -> GoldenResult:
        """Answer and grade a case; what is wrong with the case itself is noted in the result."""
        try:
            async with asyncio.timeout(self._case_limit.total_seconds()):
                return await self._graded(case, version)
        except (BadRequest, GradingError) as error:
            return _unusable(case, str(error))
        except TimeoutError:
            limit_s = self._case_limit.total_seconds()
            return _unusable(case, f"no graded answer within {limit_s:g} s")

    async def _graded(self, case: GoldenCase, version: str | None) -> GoldenResult:
        began = time.monotonic()
        wanted = case.expectation.get("kind") not in LIKELIHOODS
        output = await self._written(case, version) if wanted else ""
        latency_s = time.monotonic() - began
        grade = await self._grader.grade(case, output, version)
        return GoldenResult(
            case_id=case.id,
            output=output,
            raw=grade.raw,
            grade=grade.normalized,
            latency_s=latency_s,
            standard_error=grade.standard_error,
        )

    async def _written(self, case: GoldenCase, version: str | None) -> str:
        generation = Generation(
            messages=case.messages,
            tools=case.tools,
            stop=case.stop,
            max_tokens=case.max_tokens or _MAX_TOKENS,
            temperature=0.0,
        )
        async with aclosing(self._engine.complete(generation, version)) as pieces:
            return "".join([piece.text async for piece in pieces])


@dataclass(slots=True, kw_only=True)
class Answers:
    """Graded answers so far, in the order of asking; `order` holds the cases' indices."""

    order: list[int]
    subject: list[GoldenResult] = field(default_factory=list)
    against: list[GoldenResult] = field(default_factory=list)

    @property
    def differences(self) -> tuple[float, ...]:
        """Grade of the subject less that of the other, case by case."""
        return tuple(s.grade - a.grade for s, a in zip(self.subject, self.against, strict=True))

    @property
    def fault(self) -> str | None:
        """The first case that could not be answered or graded, and why."""
        results = (*self.subject, *self.against)
        found = next((result for result in results if result.error is not None), None)
        return None if found is None else f"case {found.case_id!r}: {found.error}"


def _unusable(case: GoldenCase, reason: str) -> GoldenResult:
    return GoldenResult(case_id=case.id, output="", raw=0.0, grade=0.0, latency_s=0.0, error=reason)


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


def _is_clear(plan: Plan, answers: Answers, set_size: int) -> bool:
    """Whether harm is shown beyond the line already, so that more cases would be waste."""
    capital = evidence_of_harm(answers.differences, plan.margin, set_size)
    return bool((capital >= plan.stop_line).any())


def _conclude(plan: Plan, run: GoldenRun, cases: Sequence[GoldenCase], answers: Answers) -> Outcome:
    asked = [cases[i] for i in answers.order[: len(answers.subject)]]
    critical = tuple(
        case.id
        for case, result in zip(asked, answers.subject, strict=True)
        if case.critical and result.grade < 1
    )
    found = _compared(plan, answers, len(cases)) if plan.compared else _alone(plan, answers)
    verdict = Verdict.FAIL if critical else found.verdict
    summary = {
        **asdict(found),
        "verdict": verdict.value,
        "sentence": found.sentence,
        "critical_failures": list(critical),
        "slices": slices.means(asked, answers.subject, answers.against),
        "raw_mean": float(np.mean([result.raw for result in answers.subject])),
        "latency_mean_s": float(np.mean([result.latency_s for result in answers.subject])),
    }
    return Outcome(
        run=replace(run, finished_at=datetime.now(UTC), verdict=verdict, summary=summary),
        differences=answers.differences if plan.compared else (),
        set_size=len(cases),
        critical_failures=critical,
    )


def _compared(plan: Plan, answers: Answers, set_size: int) -> Comparison:
    graded = answers.order[: len(answers.subject)]
    return paired.compare(
        _spread(graded, answers.subject, set_size),
        _spread(graded, answers.against, set_size),
        margin=plan.margin,
        order=graded,
        line=plan.stop_line,
        min_cases=plan.min_cases,
    )


def _alone(plan: Plan, answers: Answers) -> Standing:
    grades = [result.grade for result in answers.subject]
    return paired.absolute(grades, floor=plan.floor, min_cases=plan.min_cases)


def _spread(graded: Sequence[int], results: Sequence[GoldenResult], set_size: int) -> list[float]:
    """Return grades by the case's place in the set; places that were not asked do not count."""
    grades = [0.0] * set_size
    for index, result in zip(graded, results, strict=True):
        grades[index] = result.grade
    return grades


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
