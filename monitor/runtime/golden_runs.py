"""Runs a golden set on the engine: two versions side by side, in the same batches."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from guards import golden, paired, slices
from guards.exchange import Exchange
from guards.expectation import LIKELIHOODS, GradingError
from guards.golden import GoldenCase, GoldenResult
from guards.trial import Terms, Trial
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, BadRequest, EngineError
from monitor.ports.engine import Engine, Generation
from monitor.ports.golden import GoldenRun, GoldenStore
from monitor.ports.grading import Grader
from monitor.runtime import golden_history, wrong_answers
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
        worse_line, clear_line: e-values at which the run stops because "worse" or "not worse" is
            shown; stop_line: e-value of harm that is enough beside other evidence. Infinite never
            stops.
        is_repeated: whether this is one of many runs, which FAIL by what they win together.
    """

    deployment: str
    subject: str | None
    against: str | None = None
    compared: bool = False
    cause: str
    margin: float
    min_cases: int
    floor: float = 0.0
    worse_line: float = float("inf")
    clear_line: float = float("inf")
    stop_line: float = float("inf")
    is_repeated: bool = False

    @property
    def terms(self) -> Terms:
        """What the comparison is held to."""
        return Terms(
            margin=self.margin,
            min_cases=self.min_cases,
            worse_line=self.worse_line,
            clear_line=self.clear_line,
            evidence_line=self.stop_line,
            is_repeated=self.is_repeated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished run, with the paired differences in the random order they were seen.

    Flaky cases are weighed down in the differences (`guards.flakiness.weighed`).
    """

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
            history = await asyncio.to_thread(golden_history.read, self._store, run)
            trial = Trial(cases=cases, order=tuple(order), terms=plan.terms, history=history)
            await self._collect(plan, trial, answers)
            fault = answers.fault
            if fault:
                outcome = _broken(run, len(cases), fault)
            else:  # signals of every answer, and what is learnt of them, take a while
                outcome = await asyncio.to_thread(_conclude, plan, run, trial, answers)
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

    async def _collect(self, plan: Plan, trial: Trial, answers: Answers) -> None:
        """Ask the cases in random order, a few at a time, until they are enough or one fails.

        A run that stops because the version is no worse asks the critical cases that are left:
        each of them has a say of its own.
        """
        for start in range(0, len(trial.cases), _AT_ONCE):
            await self._ask(plan, trial, answers, answers.order[start : start + _AT_ONCE])
            if answers.fault:
                return
            if plan.compared and trial.is_settled(answers.subject, answers.against):
                break
        answers.counted = len(answers.subject)
        left = [i for i in answers.order[answers.counted :] if trial.cases[i].critical]
        answers.order[answers.counted :] = left
        for start in range(0, len(left), _AT_ONCE):
            await self._ask(plan, trial, answers, left[start : start + _AT_ONCE])

    async def _ask(
        self, plan: Plan, trial: Trial, answers: Answers, indices: Sequence[int]
    ) -> None:
        chunk = [trial.cases[i] for i in indices]
        asked = [self._answer(case, plan.subject) for case in chunk]
        if plan.compared:
            asked += [self._answer(case, plan.against) for case in chunk]
        answered = await asyncio.gather(*asked)
        answers.subject += [each.result for each in answered[: len(chunk)]]
        answers.against += [each.result for each in answered[len(chunk) :]]
        answers.written += [each.written for each in answered[: len(chunk)]]
        answers.written_against += [each.written for each in answered[len(chunk) :]]

    async def _answer(self, case: GoldenCase, version: str | None) -> _Answered:
        """Answer and grade a case; what is wrong with the case itself is noted in the result."""
        try:
            async with asyncio.timeout(self._case_limit.total_seconds()):
                return await self._graded(case, version)
        except (BadRequest, GradingError) as error:
            return _unusable(case, version, str(error))
        except TimeoutError:
            limit_s = self._case_limit.total_seconds()
            return _unusable(case, version, f"no graded answer within {limit_s:g} s")

    async def _graded(self, case: GoldenCase, version: str | None) -> _Answered:
        began = time.monotonic()
        wanted = case.expectation.get("kind") not in LIKELIHOODS
        output, logprobs = await self._written(case, version) if wanted else ("", ())
        latency_s = time.monotonic() - began
        grade = await self._grader.grade(case, output, version)
        result = GoldenResult(
            case_id=case.id,
            output=output,
            raw=grade.raw,
            grade=grade.normalized,
            latency_s=latency_s,
            standard_error=grade.standard_error,
        )
        return _Answered(result, wrong_answers.answer_of(case, version, output, logprobs))

    async def _written(
        self, case: GoldenCase, version: str | None
    ) -> tuple[str, tuple[float, ...]]:
        """Return the answer, and the log-probabilities of its tokens where the engine gives them."""
        generation = Generation(
            messages=case.messages,
            tools=case.tools,
            stop=case.stop,
            max_tokens=case.max_tokens or _MAX_TOKENS,
            temperature=0.0,
        )
        async with aclosing(self._engine.complete(generation, version)) as pieces:
            told = [piece async for piece in pieces]
        logprobs = tuple(token.logprob for piece in told for token in piece.tokens)
        return "".join(piece.text for piece in told), logprobs


class _Answered(NamedTuple):
    """A case's result, and the answer as an exchange."""

    result: GoldenResult
    written: Exchange


@dataclass(slots=True, kw_only=True)
class Answers:
    """Graded answers so far, in the order of asking; `order` holds the cases' indices.

    The first `counted` are compared; critical cases that were asked after that are not.
    """

    order: list[int]
    subject: list[GoldenResult] = field(default_factory=list)
    against: list[GoldenResult] = field(default_factory=list)
    written: list[Exchange] = field(default_factory=list)
    written_against: list[Exchange] = field(default_factory=list)
    counted: int = 0

    @property
    def fault(self) -> str | None:
        """The first case that could not be answered or graded, and why."""
        results = (*self.subject, *self.against)
        found = next((result for result in results if result.error is not None), None)
        return None if found is None else f"case {found.case_id!r}: {found.error}"


def _unusable(case: GoldenCase, version: str | None, reason: str) -> _Answered:
    result = GoldenResult(
        case_id=case.id, output="", raw=0.0, grade=0.0, latency_s=0.0, error=reason
    )
    return _Answered(result, wrong_answers.answer_of(case, version, "", ()))


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


def _conclude(plan: Plan, run: GoldenRun, trial: Trial, answers: Answers) -> Outcome:
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
            answers.subject, answers.written, answers.written_against
        ),
        "latency_mean_s": float(np.mean([result.latency_s for result in answers.subject])),
    }
    return Outcome(
        run=replace(run, finished_at=datetime.now(UTC), verdict=verdict, summary=summary),
        differences=values,
        set_size=len(trial.cases),
        critical_failures=critical,
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
