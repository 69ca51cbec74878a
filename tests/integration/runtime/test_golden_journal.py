"""Who does a golden run, and when one is skipped; hosts that die; a base model that has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine as Database

from guards.golden import GoldenResult
from guards.verdicts import Verdict
from monitor.engines.memory import MemoryEngine
from monitor.errors import Conflict, HostEnded, UnreadableGoldenSet
from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Generation
from monitor.ports.golden import GoldenRun, Hold, RunStatus
from monitor.ports.golden_host import GoldenHost
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime.golden_beside import Beside
from monitor.runtime.golden_plan import Plan, RunSettings
from monitor.runtime.golden_runs import GoldenRuns
from rollback.incident import Phase
from tests.integration.runtime.house import GOOD, NAME, V1, V2, House

pytestmark = pytest.mark.integration

PLAN = Plan(deployment=NAME, subject=None, cause="demand", margin=0.05, min_cases=20)
NIGHT = replace(PLAN, cause="schedule", may_wait=False, occasion="schedule 2026-01-01T03:00Z")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON, LATER = NOW + timedelta(seconds=15), NOW + timedelta(minutes=1)
RUN = GoldenRun(
    id="run-1",
    deployment=NAME,
    subject=V2,
    against=V1,
    compared=True,
    cause="demand",
    set_digest="d",
    started_at=NOW,
    status=RunStatus.RUNNING,
    set_size=40,
)
RESULT = GoldenResult(case_id="case-1", output="yes", raw=1.0, grade=1.0, latency_s=0.1)


def says_yes(generation: Generation, version: str | None) -> Iterable[str]:
    """Answer every case well."""
    return [GOOD]


def hold(holder: str, until: datetime = SOON) -> Hold:
    """Return a hold."""
    return Hold(holder=holder, until=until)


def test_a_run_is_one_process_at_a_time(stores: Stores) -> None:
    """Once its hold has run out another one has it, and the first one can write nothing more."""
    journal = stores.golden
    assert journal.begin(RUN, hold("a"), NOW, may_wait=True).is_held
    assert (journal.left_behind(NOW), journal.take_over("run-1", hold("b"), NOW)) == ([], None)
    assert [run.id for run in journal.left_behind(LATER)] == ["run-1"]
    assert journal.take_over("run-1", hold("b", LATER), LATER) is not None
    for write in (
        lambda: journal.hold("run-1", hold("a")),
        lambda: journal.advance(RUN, hold("a"), {V2: [RESULT]}),
        lambda: journal.finish(RUN, hold("a")),
    ):
        with pytest.raises(Conflict, match="in other hands"):
            write()
    assert journal.results("run-1") == {}


def test_a_hold_that_is_prolonged_lasts(stores: Stores) -> None:
    """Writing results in between does not shorten it."""
    journal = stores.golden
    journal.begin(RUN, hold("a"), NOW, may_wait=True)
    journal.hold("run-1", hold("a", LATER))
    journal.advance(replace(RUN, position=1), hold("a"), {V2: [RESULT]})
    assert journal.left_behind(SOON) == []


def test_a_question_that_was_left_behind_is_gone_on_with(stores: Stores) -> None:
    """Whoever asks it again has the answers so far; another question is a run of its own."""
    journal = stores.golden
    journal.begin(RUN, hold("a"), NOW, may_wait=True)
    journal.advance(replace(RUN, position=1), hold("a"), {V2: [RESULT]})
    again = journal.begin(replace(RUN, id="run-2"), hold("b", LATER), SOON, may_wait=True)
    assert (again.run.id, again.run.position, again.is_held) == ("run-1", 1, True)
    other = replace(RUN, id="run-3", cause="gate")
    assert journal.begin(other, hold("c", LATER), SOON, may_wait=True).run.id == "run-3"


async def test_a_run_that_would_overlap_is_skipped_and_recorded(stores: Stores) -> None:
    """The row says what was under way, and is neither a verdict nor evidence."""
    running = replace(RUN, started_at=datetime.now(UTC), position=7)
    until = datetime.now(UTC) + timedelta(minutes=1)
    stores.golden.begin(running, hold("a", until), running.started_at, may_wait=True)
    outcome = await GoldenRuns(Beside(MemoryEngine(says_yes)), stores).run(NIGHT)
    assert (outcome.is_own, outcome.run.status, outcome.run.verdict) == (
        False,
        RunStatus.SKIPPED,
        None,
    )
    stored = stores.golden.run(outcome.run.id)
    assert stored is not None
    assert stored.summary["sentence"] == (
        f"skipped: golden run run-1 of {NAME} (demand) was still under way, at 7 of 40 cases"
    )


async def test_an_occasion_has_one_run(stores: Stores) -> None:
    """However many replicas are told of the slot, and however often."""
    runs = GoldenRuns(Beside(MemoryEngine(says_yes)), stores)
    first, second = await runs.run(NIGHT), await runs.run(NIGHT)
    assert (first.is_own, second.is_own) == (True, False)
    assert second.run.id == first.run.id
    assert len(stores.golden.runs(NAME)) == 1


class Dying:
    """A host whose process ends after so many answers, as often as it is opened."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self.opened_times = 0

    @asynccontextmanager
    async def opened(self, versions: Collection[str]) -> AsyncIterator[GoldenHost]:
        """Yield an engine that ends."""
        self.opened_times += 1
        left = iter(range(self._answers))

        def answer(generation: Generation, version: str | None) -> Iterable[str]:
            if next(left, None) is None:
                raise HostEnded("the process ended (killed by SIGKILL)")
            return [GOOD]

        async with Beside(MemoryEngine(answer)).opened(versions) as host:
            yield host


async def test_a_host_that_dies_is_opened_again_and_asked_the_rest(stores: Stores) -> None:
    """Forty cases by tens: four lives, of which the last one has nothing to spare."""
    hosts = Dying(10)
    outcome = await GoldenRuns(hosts, stores, RunSettings(chunk=5)).run(PLAN)
    assert (outcome.run.verdict, hosts.opened_times) == (Verdict.OK, 4)


async def test_a_host_that_dies_without_an_answer_is_an_error(stores: Stores) -> None:
    """It is not opened for ever, and the sentence says what happened."""
    hosts = Dying(3)
    outcome = await GoldenRuns(hosts, stores, RunSettings(chunk=5)).run(PLAN)
    assert (outcome.run.verdict, hosts.opened_times) == (Verdict.ERROR, 3)
    assert outcome.run.summary["sentence"] == (
        "the run broke off: the process ended (killed by SIGKILL), 3 times without an answer"
    )


async def test_a_damaged_case_is_named(stores: Stores, engine: Database) -> None:
    """The set cannot be run in part, and that is no verdict on anybody."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE golden_cases SET messages = '[{\"role\": 1}]' WHERE id = 'case-7'")
        )
    with pytest.raises(UnreadableGoldenSet, match="golden case 'case-7' of support cannot be read"):
        await GoldenRuns(Beside(MemoryEngine(says_yes)), stores).run(PLAN)


def based_on(parts: Mapping[str, str], logprob: float = -1.0, place: str = "cpu") -> Beside:
    """Return a host with this base model."""

    async def identity() -> BaseIdentity:
        answers = Fingerprint(prompts=("a",), tokens=((1,),), logprobs=((logprob,),))
        return BaseIdentity(parts=parts, answers=answers, place=place)

    return Beside(MemoryEngine(says_yes), identity=identity)


async def test_a_changed_base_model_is_an_incident_of_its_own_and_told_once(
    house: House,
) -> None:
    """The run on it says nothing of the adapter; the next one is judged as ever."""
    stores = house.stores
    old, new = {"weights": "a", "tokenizer": "t"}, {"weights": "b", "tokenizer": "t"}
    verdicts = [
        (await GoldenRuns(based_on(parts), stores).run(PLAN)).run for parts in (old, new, new)
    ]
    assert [run.verdict for run in verdicts] == [Verdict.OK, Verdict.INCONCLUSIVE, Verdict.OK]
    assert "(weights)" in verdicts[1].summary["sentence"]
    (incident,) = await house.incidents()
    assert (incident.phase, incident.from_version) == (Phase.BASE_CHANGED, incident.to_version)
    assert incident.evidence["golden_run"] == verdicts[1].id
    assert incident.id in await house.tell()


async def test_a_base_model_that_answers_otherwise_has_changed_whatever_its_files_say(
    house: House,
) -> None:
    """Unless it is computed elsewhere now, where the same weights answer a little otherwise."""
    parts = {"weights": "a"}
    hosts = (based_on(parts), based_on(parts, -1.5, "cuda"), based_on(parts, -1.0, "cuda"))
    runs = [(await GoldenRuns(each, house.stores).run(PLAN)).run for each in hosts]
    assert [run.verdict for run in runs] == [Verdict.OK, Verdict.OK, Verdict.INCONCLUSIVE]
    assert "(answers)" in runs[2].summary["sentence"]


async def test_a_promotion_is_followed_by_a_run_of_what_was_promoted(house: House) -> None:
    """It is recorded with the promotion, and done by whoever leads, once."""
    house.loop.promotion._runs_after = True
    await house.promote(V1)
    (intended, _) = await asyncio.to_thread(house.stores.golden.runs, NAME)
    assert (intended.cause, intended.subject, intended.status) == (
        "promotion",
        V1,
        RunStatus.RUNNING,
    )
    await house.loop.leadership.renew()
    await house.loop.resuming.go_on()
    await house.loop.resuming.go_on()
    done = await asyncio.to_thread(house.stores.golden.run, intended.id)
    assert done is not None
    assert (done.status, done.position) == (RunStatus.FINISHED, done.set_size)
