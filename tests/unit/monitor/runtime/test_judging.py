"""Judging as leader: every observation counts once, for one judge, whoever leads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from guards.reference import Reference
from guards.verdicts import Verdict
from monitor.errors import Conflict, DatabaseUnavailable
from monitor.ports.golden import GoldenRun
from monitor.ports.record import Observed, ScoredBatch
from monitor.runtime.golden_plan import Outcome
from monitor.runtime.judging import Judging
from monitor.runtime.watch import Watch
from rollback.evidence import EvidencePoint, JudgeState
from rollback.policy import Policy
from tests.handed import NAME, START, VERSION, MemoryPostgres, deployment, exchange
from tests.unit.monitor.runtime.test_watched import observed
from tests.waiting import until

POLICY = Policy(line=200.0, suspicion_line=50.0, reference_size=60)


class Leadership:
    """Leads, unless told otherwise."""

    leads = True


class Leader:
    """A process that may lead, over a database."""

    def __init__(self, postgres: MemoryPostgres) -> None:
        self.leadership = Leadership()
        self.watch = Watch(postgres, postgres, {NAME: POLICY})
        self.woken = 0
        self.judging = Judging(postgres, postgres, self.watch, self.leadership, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    @property
    def position(self) -> int | None:
        """How many answers the evidence is of."""
        point = self.watch.point(NAME)
        return None if point is None else point.position


@pytest.fixture
def postgres() -> MemoryPostgres:
    """A database."""
    return MemoryPostgres()


@pytest.fixture
def leader(postgres: MemoryPostgres) -> Leader:
    """The process that leads."""
    return Leader(postgres)


def write(postgres: MemoryPostgres, number: int, *items: Observed, replica: str = "r1") -> None:
    """Record a batch as a scorer does."""
    batch = ScoredBatch(replica=replica, number=number, scored=(), observed=items)
    postgres.batches[replica, number] = batch


def ids(postgres: MemoryPostgres) -> list[int]:
    """Return the positions of the saved curve."""
    return [point.position for point in postgres.points]


async def test_what_is_unread_is_judged_and_saved_with_how_far_it_was_read(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """Batches of several scorers, with numbers that were lost in between."""
    write(postgres, 0, observed(1), observed(2))
    write(postgres, 3, observed(3))
    write(postgres, 1, observed(4), replica="r2")
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3, 4]
    assert postgres.read == {"r1": 3, "r2": 1}
    assert postgres.states[NAME].position == 4
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3, 4]


async def test_a_follower_judges_nothing(postgres: MemoryPostgres, leader: Leader) -> None:
    """Two judges would count everything twice."""
    leader.leadership.leads = False
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    await leader.judging.judge(
        lambda: leader.watch.weigh_golden(deployment(), golden(), clear=True)
    )
    assert (postgres.read, postgres.points) == ({}, [])


async def test_a_new_leader_goes_on_where_the_old_one_stopped(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """To the same evidence as one leader all the time."""
    halves = [[observed(n, fault=n % 3 == 0) for n in part] for part in (range(9), range(9, 20))]
    for number, items in enumerate(halves):
        write(postgres, number, *items)
    await leader.judging.catch_up()
    whole = list(postgres.points)

    again = MemoryPostgres(batches=postgres.batches)
    again.batches = {("r1", 0): postgres.batches["r1", 0]}
    await Leader(again).judging.catch_up()
    again.batches = postgres.batches
    await Leader(again).judging.catch_up()
    assert again.points == whole


async def test_one_who_no_longer_leads_forgets_its_judges(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """Another one reads on meanwhile; back in the lead it begins from what is stored."""
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    leader.leadership.leads = False
    await leader.judging.catch_up()
    write(postgres, 1, observed(2))
    await Leader(postgres).judging.catch_up()
    leader.leadership.leads = True
    write(postgres, 2, observed(3))
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3]


async def test_two_who_both_believe_to_lead_count_nothing_twice(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """Whoever saves second writes nothing, and begins again from what the first has saved."""
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    write(postgres, 1, observed(2))
    other = Leader(postgres)
    read_before = postgres.unread(10)
    await other.judging.catch_up()
    with pytest.raises(Conflict):
        await leader.judging.judge(lambda: leader.watch.absorb(read_before))
    write(postgres, 2, observed(3))
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3]


class Lossy(MemoryPostgres):
    """Goes away in the middle of a save: before or after it was written."""

    goes: str = ""

    def save(
        self,
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        read: Mapping[str, tuple[int, int]],
        dealt: Sequence[Observed] = (),
    ) -> None:
        """Write or not, and fail if told to."""
        if self.goes != "before":
            super().save(points, states, read, dealt)
        if self.goes:
            self.goes = ""
            raise DatabaseUnavailable("Postgres does not answer")


@pytest.mark.parametrize("goes", ["before", "after"])
async def test_a_save_whose_end_nobody_knows_counts_once(goes: str) -> None:
    """Whether it was written or not, only what is stored has been judged."""
    postgres = Lossy()
    leader = Leader(postgres)
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    write(postgres, 1, observed(2), observed(3))
    postgres.goes = goes
    with pytest.raises(DatabaseUnavailable):
        await leader.judging.catch_up()
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3]


async def test_reaching_a_line_wakes_the_control_loop(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """Once it is saved, and not before."""
    write(postgres, 0, *(observed(n) for n in range(10)))
    await leader.judging.catch_up()
    assert leader.woken == 0
    write(postgres, 1, *(observed(n, fault=True) for n in range(60)))
    await leader.judging.catch_up()
    assert leader.woken == 1


async def test_a_flip_between_two_answers_of_a_batch_begins_a_new_judge(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """The scorer heard of it first; answers of the old version that come later are passed over."""
    new = "support@222222222222"
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    postgres.pointers = [deployment(active=new, epoch=2)]
    later = {"adapter": new, "epoch": 2}
    write(postgres, 1, observed(2), observed(3, **later), observed(4), observed(5, **later))
    await leader.judging.catch_up()
    assert [(p.epoch, p.position) for p in postgres.points] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert (postgres.states[NAME].epoch, postgres.states[NAME].position) == (2, 2)


async def test_a_confirmation_between_two_answers_counts_positions_on(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """Those before count for the old judge; of those behind it each counts, scored early or late."""
    postgres.references = {VERSION: _reference()}
    write(postgres, 0, observed(1))
    await leader.judging.catch_up()
    postgres.pointers = [deployment(confirmed=True)]
    write(postgres, 1, observed(2), observed(3, own_reference=True), observed(4))
    await leader.judging.catch_up()
    assert ids(postgres) == [1, 2, 3, 4]
    assert postgres.states[NAME].state["confirmed"]


async def test_names_that_nobody_watches_are_passed_over(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """They are read all the same, lest they be looked at for ever."""
    write(postgres, 0, observed(1, deployment="another"))
    await leader.judging.catch_up()
    assert (postgres.points, postgres.read) == ([], {"r1": 0})


async def test_a_golden_run_is_weighed_also_before_the_first_answer_was_judged(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """The judge is opened for it."""
    await leader.judging.judge(
        lambda: leader.watch.weigh_golden(deployment(), golden(), clear=False)
    )
    (point,) = postgres.points
    assert point.channels["golden"] > 0


async def test_a_golden_run_waits_while_postgres_is_away(
    postgres: MemoryPostgres, leader: Leader
) -> None:
    """It took minutes; it is not thrown away."""
    postgres.away = True
    weighing = asyncio.create_task(
        leader.judging.judge(lambda: leader.watch.weigh_golden(deployment(), golden(), clear=False))
    )
    await until(lambda: leader.judging.health() == {"judges": "wait for the database"})
    postgres.away = False
    await weighing
    assert len(postgres.points) == 1


async def test_the_loop_judges_when_woken(postgres: MemoryPostgres, leader: Leader) -> None:
    """News of a recorded batch are followed at once."""
    wake = asyncio.Event()
    running = asyncio.create_task(leader.judging.run(wake))
    write(postgres, 0, observed(1))
    wake.set()
    await until(lambda: postgres.read == {"r1": 0})
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    leader.judging.close()


@pytest.mark.parametrize(
    ("answers", "faults", "may"), [(59, 0, False), (60, 0, True), (60, 60, False)]
)
async def test_enough_answers_without_a_line_reached_may_confirm(
    postgres: MemoryPostgres, leader: Leader, answers: int, faults: int, may: bool
) -> None:
    """One answer less than the reference needs is not enough."""
    write(postgres, 0, *(observed(n, fault=n < faults) for n in range(answers)))
    await leader.judging.catch_up()
    assert leader.watch.may_confirm(deployment()) is may
    assert not leader.watch.may_confirm(deployment(epoch=2))


def golden() -> Outcome:
    """Return a run of 40 cases that the version fails."""
    run = GoldenRun(
        id="00000000-0000-0000-0000-000000000001",
        deployment=NAME,
        subject=VERSION,
        against=None,
        compared=True,
        cause="demand",
        set_digest="",
        started_at=START,
        finished_at=START,
        verdict=Verdict.FAIL,
    )
    return Outcome(run=run, differences=(-1.0,) * 40, set_size=40, critical_failures=())


def _reference() -> bytes:
    return Reference.fit([exchange(n) for n in range(60)], seed=0).to_bytes()
