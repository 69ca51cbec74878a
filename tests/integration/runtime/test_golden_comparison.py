"""Two versions on one golden set: early stops, critical cases, nights that add up, flaky cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guards.trial import SHOWN
from guards.verdicts import Verdict
from monitor.engines.memory import Answers as Replies
from monitor.engines.memory import MemoryEngine
from monitor.errors import Conflict
from monitor.ports.engine import Generation
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.runtime.golden_beside import Beside
from monitor.runtime.golden_plan import Outcome, Plan
from monitor.runtime.golden_runs import GoldenRuns
from tests.integration.runtime.house import BAD, GOOD, NAME, V1, V2, House, import_golden
from tests.integration.runtime.test_golden_runs import SLOT, chores

pytestmark = pytest.mark.integration

PLAN = Plan(
    deployment=NAME,
    subject=V2,
    against=V1,
    compared=True,
    cause="demand",
    margin=0.05,
    min_cases=20,
    worse_line=SHOWN,
    clear_line=SHOWN,
)
NIGHTLY = replace(PLAN, cause="schedule", worse_line=float("inf"), is_repeated=True)


def wrong_on(*numbers: int) -> Replies:
    """Return an engine's answers of which v2's are wrong on some cases."""

    def answer(generation: Generation, version: str | None) -> Iterable[str]:
        number = int(generation.messages[0].content.split()[1])
        return [BAD if version == V2 and number in numbers else GOOD]

    return answer


async def run(stores: Stores, replies: Replies, plan: Plan = PLAN) -> Outcome:
    """Run the golden set on an engine that answers so."""
    engine = MemoryEngine(replies)
    for version in (V1, V2):
        await engine.load(version, Path())
    return await GoldenRuns(Beside(engine), stores).run(plan)


def make_critical(stores: Stores, size: int, numbers: Iterable[int]) -> None:
    """Import a set in which some cases are critical."""
    import_golden(stores, cases=size)
    critical = {f"case-{number}" for number in numbers}
    cases = [replace(case, critical=case.id in critical) for case in stores.golden.cases(NAME)]
    stores.golden.import_cases(NAME, cases, actor="ann", at=datetime.now(UTC))


async def test_a_version_that_is_no_worse_ends_the_run_early(stores: Stores) -> None:
    """A part of 300 cases is enough; what was asked is on record for both versions."""
    import_golden(stores, cases=300)
    outcome = await run(stores, wrong_on())
    asked = outcome.run.summary["cases"]
    assert outcome.run.verdict is Verdict.OK
    assert asked < 150
    results = stores.golden.results(outcome.run.id)
    assert {version: len(each) for version, each in results.items()} == {V1: asked, V2: asked}


async def test_a_run_that_ends_early_asks_every_critical_case(stores: Stores) -> None:
    """One of them that fails is a failure, though all others show that the version is no worse."""
    make_critical(stores, 300, range(0, 300, 10))
    outcome = await run(stores, wrong_on(70))
    asked = {each.case_id for each in stores.golden.results(outcome.run.id)[V2]}
    assert {f"case-{number}" for number in range(0, 300, 10)} <= asked
    assert len(asked) < 200
    assert outcome.critical_failures == ("case-70",)
    assert outcome.run.verdict is Verdict.FAIL
    assert len(outcome.differences) == outcome.run.summary["cases"] < len(asked)


async def test_a_version_that_is_worse_ends_the_run_early(stores: Stores) -> None:
    """It is refused after a few cases, and the flips that were seen are counted."""
    import_golden(stores, cases=300)
    outcome = await run(stores, wrong_on(*range(300)))
    assert outcome.run.verdict is Verdict.FAIL
    assert outcome.run.summary["cases"] <= 24
    assert outcome.run.summary["regressions"]["rate"] == 1.0


async def test_bad_nights_are_warnings_until_they_have_shown_harm(stores: Stores) -> None:
    """Six of forty lost: no single night convicts, some of them together do."""
    verdicts = []
    for _ in range(40):
        outcome = await run(stores, wrong_on(*range(6)), NIGHTLY)
        verdicts.append(outcome.run.verdict)
        if outcome.run.verdict is Verdict.FAIL:
            break
    assert verdicts[0] is Verdict.WARN
    assert verdicts[-1] is Verdict.FAIL


async def test_nights_of_other_versions_and_sets_do_not_count(stores: Stores) -> None:
    """What was won belongs to two versions and one set."""
    first = await run(stores, wrong_on(*range(6)), NIGHTLY)
    again = await run(stores, wrong_on(*range(6)), NIGHTLY)
    other = await run(stores, wrong_on(*range(6)), replace(NIGHTLY, against=None))
    import_golden(stores, cases=41)
    changed = await run(stores, wrong_on(*range(6)), NIGHTLY)

    def is_fresh(outcome: Outcome) -> bool:
        won = pytest.approx(dict(outcome.run.summary["run_harm"]))
        return bool(outcome.run.summary["accumulated"] == won)

    assert [is_fresh(each) for each in (first, again, other, changed)] == [True, False, True, True]


async def test_a_case_that_differs_between_two_runs_of_one_version_is_flaky(stores: Stores) -> None:
    """From the third run on it weighs less; the difference that counts is smaller than the grade's."""
    calls = itertools.count()

    def answer(generation: Generation, version: str | None) -> Iterable[str]:
        asked = generation.messages[0].content == "is 7 a number?" and version == V2
        return [BAD if asked and next(calls) % 2 == 0 else GOOD]

    outcomes = [await run(stores, answer, NIGHTLY) for _ in range(3)]
    assert [each.run.summary["flaky"] for each in outcomes] == [[], [], ["case-7"]]
    assert min(outcomes[0].differences) == -1.0
    assert min(outcomes[2].differences) == pytest.approx(0.25 * (-1.0 + 0.05) - 0.05)


async def test_a_version_is_tried_without_being_promoted(house: House) -> None:
    """The gate's run is on record, and the pointer stays; who serves already is not tried."""
    await house.promote(V1)
    tried = await house.operations.try_golden(NAME, V2, actor="ann")
    assert (tried.subject, tried.against, tried.cause) == (V2, V1, "gate")
    assert tried.verdict is Verdict.FAIL
    assert (await house.deployment()).active == V1
    with pytest.raises(Conflict, match="serves support already"):
        await house.operations.try_golden(NAME, V1, actor="ann")


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.OK, 0), (Verdict.WARN, 0), (Verdict.FAIL, 1), (Verdict.ERROR, 1)]
)
async def test_a_warning_of_a_night_is_not_told(
    house: House, tmp_path: Path, verdict: Verdict, told: int
) -> None:
    """Harm that is shown is, and so is a run that broke off."""

    class Nightly:
        async def run_golden(
            self, deployment: str, *, cause: str, occasion: str | None = None
        ) -> GoldenRun:
            return GoldenRun(
                id="run",
                deployment=deployment,
                subject=V2,
                against=V1,
                compared=True,
                cause=cause,
                set_digest="d",
                started_at=datetime.now(UTC),
                verdict=verdict,
            )

    before = len(await house.tell())
    await chores(house.stores, Nightly(), tmp_path, NAME).golden(SLOT)
    assert len(await house.tell()) - before == told
