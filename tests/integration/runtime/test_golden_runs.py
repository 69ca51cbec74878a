"""Golden runs that meet a case, an engine or a program that fails; and what a run sums up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine as Database

from guards.golden import GoldenCase
from guards.grading import Grade
from guards.verdicts import Verdict
from monitor.engines.grading.absent import NoEmbedder, NoJudge, NoLikelihood
from monitor.engines.grading.grader import EveryGrader
from monitor.engines.grading.sandbox import Sandbox
from monitor.engines.memory import Answers as Replies
from monitor.engines.memory import MemoryEngine
from monitor.errors import BadRequest
from monitor.ports.engine import Generation
from monitor.ports.operations import Operations
from monitor.ports.stores import Stores
from monitor.reports.words import Language
from monitor.runtime.golden_beside import Beside
from monitor.runtime.golden_plan import Plan, RunSettings
from monitor.runtime.golden_runs import GoldenRuns
from monitor.scheduler.chores import Chores
from monitor.scheduler.reports import Reports
from rollback.reviews import AGE
from tests.integration.runtime.house import GOOD, NAME, House, build
from tests.integration.storage.builders import add_verified, promotion, version

pytestmark = pytest.mark.integration

ODD = "case-7"
SLOT = datetime(2026, 1, 1, 3, tzinfo=UTC)
PLAN = Plan(deployment=NAME, subject=None, cause="demand", margin=0.05, min_cases=20)


def says_yes(generation: Generation, version: str | None) -> Iterable[str]:
    """Answer every case well."""
    return [GOOD]


def failing(error: Exception) -> Replies:
    """Return an engine's answers in which one case raises an error."""

    def answer(generation: Generation, version: str | None) -> Iterable[str]:
        if "is 7 a" in generation.messages[0].content:
            raise error
        return [GOOD]

    return answer


def import_odd(stores: Stores, odd: GoldenCase) -> None:
    """Put another case in the place of the one that is named `ODD`."""
    cases = [odd if case.id == odd.id else case for case in stores.golden.cases(NAME)]
    stores.golden.import_cases(NAME, cases, actor="ann", at=datetime.now(UTC))


async def test_a_case_that_the_engine_refuses_is_named(stores: Stores) -> None:
    """A prompt that is too long is the set's fault, which no version can answer for."""
    engine = MemoryEngine(failing(BadRequest("the prompt is too long")))
    outcome = await GoldenRuns(Beside(engine), stores).run(PLAN)
    assert outcome.run.verdict is Verdict.ERROR
    sentence = outcome.run.summary["sentence"]
    assert sentence == f"the run broke off: case {ODD!r}: the prompt is too long"
    assert stores.golden.runs(NAME)[0].finished_at is not None


async def test_a_case_that_cannot_be_graded_is_named(stores: Stores) -> None:
    """An expectation that proves unusable gives no grade to judge a version by."""
    (odd,) = [case for case in stores.golden.cases(NAME) if case.id == ODD]
    import_odd(stores, replace(odd, expectation={"kind": "no such kind"}))
    outcome = await GoldenRuns(Beside(MemoryEngine(says_yes)), stores).run(PLAN)
    assert outcome.run.verdict is Verdict.ERROR
    assert ODD in outcome.run.summary["sentence"]


async def test_an_answer_that_takes_too_long_ends_the_run(stores: Stores) -> None:
    """The turn is given back, and the engine is told to stop."""
    engine = MemoryEngine(says_yes, asyncio.Semaphore(0))
    runs = GoldenRuns(Beside(engine), stores, RunSettings(case_limit=timedelta(milliseconds=20)))
    outcome = await runs.run(PLAN)
    assert outcome.run.verdict is Verdict.ERROR
    assert "no graded answer within 0.02 s" in outcome.run.summary["sentence"]
    assert engine.idle.is_set()


async def test_a_run_that_meets_a_defect_is_finished_all_the_same(stores: Stores) -> None:
    """The row says ERROR and why; the defect is not hidden."""
    engine = MemoryEngine(failing(RuntimeError("a defect")))
    with pytest.raises(RuntimeError, match="a defect"):
        await GoldenRuns(Beside(engine), stores).run(PLAN)
    (run,) = stores.golden.runs(NAME)
    assert (run.verdict, run.finished_at is not None) == (Verdict.ERROR, True)
    assert "a defect" in run.summary["sentence"]


async def test_a_run_sums_up_its_slices(stores: Stores) -> None:
    """People see where in the set a version does well or badly."""
    (odd,) = [case for case in stores.golden.cases(NAME) if case.id == ODD]
    never = {"kind": "exact", "value": "never said"}
    import_odd(stores, replace(odd, expectation=never, slice="prices"))
    await GoldenRuns(Beside(MemoryEngine(says_yes)), stores).run(PLAN)
    (run,) = stores.golden.runs(NAME)
    assert run.summary["slices"] == {"prices": {"cases": 1, "subject": 0.0, "against": None}}


async def test_a_deployment_whose_scheduled_run_fails_does_not_stop_the_others(
    house: House, tmp_path: Path
) -> None:
    """The first one is not configured, which is told; the second one is run."""
    stores, unknown = house.stores, "unconfigured"
    stores.deployments.ensure(unknown)
    stores.golden.import_cases(
        unknown, stores.golden.cases(NAME), actor="ann", at=datetime.now(UTC)
    )
    await chores(stores, house.operations, tmp_path, unknown, NAME).golden(SLOT)
    assert [run.cause for run in stores.golden.runs(NAME)] == ["schedule"]
    await house.tell()
    told = [notice.title for notice in house.pager.notices]
    assert f"{unknown}: the scheduled golden run failed" in told


async def test_a_review_is_told_once(stores: Stores, tmp_path: Path) -> None:
    """However often the chore runs, one notice goes out for a cause and a period."""
    house = build(stores)
    await house.loop.versions.fingerprint_base()
    old = version(f"{NAME}@999999999999", "old")
    add_verified(stores, replace(old, created_at=datetime.now(UTC) - AGE))
    deployment = stores.deployments.ensure(NAME)
    stores.deployments.flip(replace(promotion(old.name, None, deployment.epoch), deployment=NAME))
    for _ in range(2):
        await chores(stores, house.operations, tmp_path, NAME).review(SLOT)
        await house.tell()
    told = [notice.title for notice in house.pager.notices if notice.kind == "review"]
    assert told == [f"{NAME}: a review of {old.name} is due: age"]
    await house.close()


def chores(stores: Stores, operations: Operations, folder: Path, *deployments: str) -> Chores:
    """Return the chores of some deployments."""
    return Chores(
        stores=stores,
        operations=operations,
        deployments=deployments,
        reports=Reports(
            stores=stores,
            deployments=deployments,
            folder=folder,
            language=Language.EN,
            is_fleet_wanted=False,
        ),
        keep={"exchanges": timedelta(days=1)},
    )


class Noisy:
    """A grader that tells how unsure it is."""

    def __init__(self) -> None:
        self.outputs: list[str] = []

    async def grade(self, case: GoldenCase, output: str, version: str | None) -> Grade:
        """Return a middling grade."""
        self.outputs.append(output)
        return Grade(raw=0.25, normalized=0.5, standard_error=0.125)


async def test_a_grade_s_noise_is_kept_with_it(stores: Stores, engine: Database) -> None:
    """As the grader behind the port tells it."""
    await GoldenRuns(Beside(MemoryEngine(says_yes), Noisy()), stores).run(PLAN)
    with engine.connect() as connection:
        kept = connection.execute(
            text("SELECT DISTINCT raw, grade, standard_error FROM golden_results")
        ).one()
    assert tuple(kept) == (0.25, 0.5, 0.125)


async def test_nothing_is_written_for_a_likelihood(stores: Stores) -> None:
    """The model only says how probable the given texts are."""
    asked: list[Generation] = []

    def answer(generation: Generation, version: str | None) -> Iterable[str]:
        asked.append(generation)
        return [GOOD]

    cases = [
        replace(case, expectation={"kind": "reference_logprob", "value": "yes"})
        for case in stores.golden.cases(NAME)
    ]
    stores.golden.import_cases(NAME, cases, actor="ann", at=datetime.now(UTC))
    grader = Noisy()
    await GoldenRuns(Beside(MemoryEngine(answer), grader), stores).run(PLAN)
    assert (asked, set(grader.outputs)) == ([], {""})


async def test_a_case_s_stop_strings_length_and_tools_reach_the_engine(stores: Stores) -> None:
    """What a case does not say is the run's."""
    asked: list[Generation] = []

    def answer(generation: Generation, version: str | None) -> Iterable[str]:
        asked.append(generation)
        return [GOOD]

    (odd,) = [case for case in stores.golden.cases(NAME) if case.id == ODD]
    tool = {"type": "function", "function": {"name": "refund"}}
    import_odd(stores, replace(odd, stop=("\n",), max_tokens=3, tools=(tool,)))
    await GoldenRuns(Beside(MemoryEngine(answer)), stores).run(PLAN)
    (special,) = [each for each in asked if each.tools]
    assert (special.stop, special.max_tokens, special.tools) == (("\n",), 3, (tool,))
    assert {(each.stop, each.max_tokens) for each in asked if each is not special} == {((), 256)}


async def test_a_grader_that_is_not_configured_is_an_error_of_the_run(stores: Stores) -> None:
    """Not a grade of 0: the sentence says what to set."""
    (odd,) = [case for case in stores.golden.cases(NAME) if case.id == ODD]
    import_odd(stores, replace(odd, expectation={"kind": "judge", "rubric": "Is it kind?"}))
    grader = EveryGrader(
        likelihood=NoLikelihood("llamacpp"),
        embedder=NoEmbedder(),
        judge=NoJudge(),
        sandbox=Sandbox(),
    )
    outcome = await GoldenRuns(Beside(MemoryEngine(says_yes), grader), stores).run(PLAN)
    assert outcome.run.verdict is Verdict.ERROR
    assert "grading.judge.url" in outcome.run.summary["sentence"]
