"""The scorer: every exchange is recorded once, or its loss is counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from guards.exchange import Exchange, FinishReason
from guards.novelty import Embedded
from guards.reference import Reference
from guards.verdicts import Verdict
from monitor.ports.handover import Handed, Relayed, Reported
from monitor.ports.record import PackedBatch, ScoredBatch
from monitor.runtime.handover_queue import HandoverQueue
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.scoring.drafts import Drafts
from monitor.runtime.scoring.embeddings import Embeddings, NoModel
from monitor.runtime.scoring.following import Following
from monitor.runtime.scoring.model_embeddings import ModelEmbeddings
from monitor.runtime.scoring.recorder import Recorder
from monitor.runtime.scoring.scorer import Pace, Scorer
from tests.embedders import MadeUpEmbedder
from tests.handed import (
    NAME,
    MemoryPostgres,
    MemorySpool,
    deployment,
    exchange,
    relayed,
    reported,
)
from tests.waiting import until


def read(item: Relayed) -> Sequence[Exchange]:
    """Return two answers for each request, unless its bytes are poison."""
    if item.response == b"poison":
        raise ValueError("cannot be read")
    return [exchange(0, id=item.id, epoch=item.epoch), exchange(1, id=f"{item.id}#1")]


class Postgres(MemoryPostgres):
    """Cannot pack some answers, and waits at a gate with each record."""

    def __init__(self) -> None:
        super().__init__()
        self.poison: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.on_record: Callable[[PackedBatch], None] = lambda packed: None

    def pack(self, batch: ScoredBatch, *, keep_text: bool) -> PackedBatch:
        """Pack, unless there is poison in it."""
        if self.poison & {scored.exchange.id for scored in batch.scored}:
            raise ZeroDivisionError("a defect")
        return super().pack(batch, keep_text=keep_text)

    def record(self, packed: PackedBatch) -> None:
        """Write once the gate is open."""
        self.gate.wait()
        self.on_record(packed)
        super().record(packed)


@dataclass
class Bench:
    """A scorer with everything around it."""

    postgres: Postgres = field(default_factory=Postgres)
    spool: MemorySpool = field(default_factory=MemorySpool)
    queue: HandoverQueue = field(default_factory=lambda: HandoverQueue(8000))
    now: list[float] = field(default_factory=lambda: [0.0])
    embeddings: Embeddings = field(default_factory=NoModel)

    def __post_init__(self) -> None:
        assessor = Assessor(self.postgres, self.postgres, {NAME: 60}, {})
        self.drafts = Drafts(self.postgres)
        self.following = Following(assessor.refresh)
        self.recorder = Recorder(
            self.postgres, self.spool, replica="r1", keep_text=False, look_s=0.0
        )
        self.scorer = Scorer(
            source=self.queue,
            read=read,
            assessor=assessor,
            following=self.following,
            drafts=self.drafts,
            recorder=self.recorder,
            embeddings=self.embeddings,
            clock=lambda: self.now[0],
        )

    async def absorb(self, items: Sequence[Handed]) -> None:
        """Have the scorer take these as one batch, and wait until it is recorded, on disk, or lost."""
        for item in items:
            self.queue.offer(item)
        await self.scorer.absorb(await self.queue.take(len(items), 0.0))
        await self.scorer.through()

    async def drain(self, items: Sequence[Handed]) -> None:
        """Have the scorer take these in batches of its own."""
        for item in items:
            self.queue.offer(item)
        async with self.running():
            await self.scorer.flush()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the scorer drain the queue."""
        running = asyncio.create_task(self.scorer.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def bench() -> Bench:
    """A scorer over a database that is there."""
    return Bench()


async def test_what_is_handed_over_is_read_scored_and_recorded(bench: Bench) -> None:
    """Relayed bytes give as many answers as there are in them."""
    async with bench.running():
        bench.queue.offer(reported(7))
        bench.queue.offer(relayed(1))
        await bench.scorer.flush()
    assert list(bench.postgres.rows) == ["answer-7", "relayed-1", "relayed-1#1"]
    observed = [each for batch in bench.postgres.batches.values() for each in batch.observed]
    assert len(observed) == 3


async def test_nothing_is_acknowledged_before_it_is_recorded_or_on_disk(bench: Bench) -> None:
    """A gateway keeps an exchange until then."""
    bench.postgres.gate.clear()
    async with bench.running():
        bench.queue.offer(reported(1))
        await until(lambda: not bench.queue._items)
        settling = asyncio.ensure_future(bench.scorer.flush())
        await asyncio.sleep(0)
        assert not settling.done()
        bench.postgres.away = True
        bench.postgres.gate.set()
        await settling
    assert bench.spool.waiting == 1


async def test_an_answer_that_cannot_be_read_is_recorded_by_its_facts(bench: Bench) -> None:
    """It is incomplete, counted, and no judge hears of it; the others are as ever."""
    shadow = {"shadow_of": "relayed-1", "request_id": "abc"}
    await bench.absorb([relayed(1), relayed(2, response=b"poison", **shadow), relayed(3)])
    (batch,) = bench.postgres.batches.values()
    unread = batch.scored[2].exchange
    assert (unread.id, unread.finish_reason) == ("relayed-2", FinishReason.INCOMPLETE)
    assert (unread.started_at.timestamp(), unread.tags) == (relayed(2).started_at, shadow)
    assert len(batch.scored) == 5
    assert len(batch.observed) == 4
    assert bench.scorer.unreadable == 1


async def test_an_answer_that_cannot_be_assessed_loses_only_itself(bench: Bench) -> None:
    """The batch is tried again one by one, in its order."""
    bench.postgres.poison = {"answer-1"}
    await bench.absorb([reported(number) for number in range(3)])
    assert list(bench.postgres.rows) == ["answer-0", "answer-2"]
    assert bench.scorer.lost == 1


async def test_a_time_that_is_none_loses_only_its_exchange(bench: Bench) -> None:
    """Whoever told it was wrong."""
    await bench.absorb([relayed(1, response=b"poison", started_at=1e300), reported(2)])
    assert list(bench.postgres.rows) == ["answer-2"]
    assert bench.scorer.lost == 1


async def test_first_answers_are_offered_as_a_reference(bench: Bench) -> None:
    """Also if some of them came in batches of which one answer was lost."""
    bench.postgres.poison = {"answer-5"}
    await bench.absorb([reported(number) for number in range(30)])
    await bench.absorb([reported(number) for number in range(30, 70)])
    await bench.drafts.offer()
    assert list(bench.postgres.drafts) == [1]
    assert bench.postgres.drafts[1][1] == 60


async def test_an_answer_of_a_later_epoch_is_scored_by_the_later_pointers(bench: Bench) -> None:
    """The gateway heard of the flip first."""
    await bench.following.now()
    bench.postgres.pointers = [deployment(active="support@222222222222", epoch=2)]
    await bench.absorb([reported(1, epoch=2, adapter="support@222222222222")])
    (batch,) = bench.postgres.batches.values()
    assert [each.epoch for each in batch.observed] == [2]


async def test_with_postgres_away_from_the_start_answers_are_scored_and_spooled(
    bench: Bench,
) -> None:
    """Faults are found without it."""
    bench.postgres.away = True
    await bench.absorb([reported(1, output="")])
    (packed,) = bench.spool.batches
    (observed,) = bench.postgres.packed[packed.payload].observed
    assert observed.observation.fault


async def test_a_defect_in_recording_is_counted_and_nobody_waits_for_ever(bench: Bench) -> None:
    """The loop fails with the next batch, and is started again by who keeps it."""

    def broken(batch: PackedBatch) -> bool:
        raise ZeroDivisionError("a defect")

    bench.spool.put = broken
    bench.postgres.away = True
    bench.queue.offer(reported(1))
    running = asyncio.create_task(bench.scorer.run())
    await bench.scorer.flush()
    assert bench.scorer.lost == 1
    bench.postgres.away = False
    bench.queue.offer(reported(2))
    with pytest.raises(ZeroDivisionError):
        await running
    await bench.scorer.flush()
    assert list(bench.postgres.rows) == ["answer-2"]


async def test_the_next_batch_is_packed_while_one_is_recorded_and_no_third(bench: Bench) -> None:
    """What waits is bounded, nothing of it is acknowledged, and all is recorded in order."""
    await bench.absorb([reported(n, output="") for n in range(10)])  # nobody lingers
    bench.postgres.gate.clear()
    async with bench.running():
        for number in range(11, 15):
            bench.queue.offer(reported(number))
            await asyncio.sleep(0)
        await until(lambda: len(bench.postgres.packed) == 3)
        assert bench.queue.depth == 4
        bench.queue.offer(reported(15))
        for _ in range(9):
            await asyncio.sleep(0)
        assert bench.queue._items
        assert bench.scorer.in_hand_s == 0.0
        bench.now[0] = 3.0
        assert bench.scorer.in_hand_s == 3.0
        bench.postgres.gate.set()
        await bench.scorer.flush()
    numbers = [number for _, number in bench.postgres.batches]
    assert numbers == sorted(numbers)
    assert list(bench.postgres.rows)[10:] == [f"answer-{n}" for n in range(11, 16)]


async def test_under_load_a_batch_is_all_that_waits_where_it_costs_nothing(bench: Bench) -> None:
    """At first 500, until both steps have shown their pace; then up to 4,000."""
    await bench.drain([reported(number, output="same") for number in range(4_600)])
    sizes = [len(batch.scored) for batch in bench.postgres.batches.values()]
    assert sizes == [500, 500, 3600]


@pytest.mark.parametrize(
    ("count", "took_s", "fitting"),
    [(500, 0.25, 1000), (500, 5.0, 500), (1000, 0.1, 4000), (20, 0.001, 500)],
)
def test_a_step_takes_what_it_gets_through_in_half_a_second(
    count: int, took_s: float, fitting: int
) -> None:
    """Within 500 and 4,000; from small batches nothing is learnt."""
    pace = Pace()
    pace.note(count, took_s)
    assert pace.fitting == fitting


async def test_where_recording_is_slow_batches_are_smaller(bench: Bench) -> None:
    """Postgres gives a batch up that takes too long, and it would wait on disk for ever."""

    def take_long(packed: PackedBatch) -> None:
        bench.now[0] += 0.001 * packed.count

    bench.postgres.on_record = take_long
    await bench.drain([reported(number, output="same") for number in range(7_000)])
    sizes = [len(batch.scored) for batch in bench.postgres.batches.values()]
    assert max(sizes[2:]) == 500


async def test_one_that_cannot_be_assessed_costs_few_batches(bench: Bench) -> None:
    """What is left of 400 is recorded in halves of halves, not one by one."""
    bench.postgres.poison.add("answer-77")
    await bench.absorb([reported(number, output="same") for number in range(400)])
    assert len(bench.postgres.rows) == 399
    assert bench.scorer.lost == 1
    assert len(bench.postgres.batches) < 12


async def test_few_striking_answers_leave_it_calm(bench: Bench) -> None:
    """Usual traffic has some; several among the last ones are a sign."""
    await bench.absorb([reported(n, output="") for n in range(3)])
    assert bench.scorer.is_calm
    await bench.absorb([reported(n) for n in range(10, 20)])
    await bench.absorb([reported(3, output="")])
    assert not bench.scorer.is_calm
    await bench.absorb([reported(n) for n in range(20, 50)])
    assert bench.scorer.is_calm


async def test_while_calm_answers_wait_for_company(bench: Bench) -> None:
    """One that comes a moment later is recorded in the same batch."""
    async with bench.running():
        bench.queue.offer(reported(1))
        await until(lambda: not bench.queue._items)
        bench.queue.offer(reported(2))
        await bench.scorer.flush()
    assert [len(batch.scored) for batch in bench.postgres.batches.values()] == [2]


async def test_after_striking_answers_nobody_waits_for_company(bench: Bench) -> None:
    """Each is recorded at once, so that the judges hear of it at once."""
    await bench.absorb([reported(n, output="") for n in range(10)])
    bench.postgres.gate.clear()
    async with bench.running():
        bench.queue.offer(reported(11))
        await until(lambda: not bench.queue._items)
        bench.queue.offer(reported(12))
        bench.postgres.gate.set()
        await bench.scorer.flush()
    assert [len(batch.scored) for batch in bench.postgres.batches.values()] == [10, 1, 1]


async def test_a_batch_that_takes_long_shows(bench: Bench) -> None:
    """Ten seconds in hand are told, until it is through."""
    bench.postgres.gate.clear()
    absorbing = asyncio.create_task(bench.absorb([reported(1)]))
    await asyncio.sleep(0)
    bench.now[0] = 9.0
    assert bench.scorer.health() == {}
    bench.now[0] = 12.0
    assert bench.scorer.health() == {"scorer": "answers have not been scored for 12 s"}
    bench.postgres.gate.set()
    await absorbing
    assert bench.scorer.health() == {}
    bench.scorer.close()


@asynccontextmanager
async def with_a_model(model: MadeUpEmbedder, made_by: MadeUpEmbedder) -> AsyncIterator[Bench]:
    """Yield a bench whose baseline's reference was made by a model, and which has a model."""
    vectors = partial(_embedded, made_by)
    usual = [exchange(1000 + number) for number in range(200)]
    payload = Reference.fit(usual, seed=0, embed=vectors).to_bytes()
    embeddings = ModelEmbeddings(lambda: model, limit_s=0.01)
    bench = Bench(embeddings=embeddings, postgres=Postgres())
    bench.postgres.references = {None: payload}
    await bench.following.now()
    running = asyncio.create_task(embeddings.run())
    try:
        await until(lambda: embeddings.by is not None)
        yield bench
    finally:
        running.cancel()
        embeddings.close()


def _embedded(model: MadeUpEmbedder, texts: Sequence[str]) -> Embedded:
    return Embedded(by=model.by, vectors=model.encode(texts))


def _outlier_scores(bench: Bench) -> list[float | None]:
    return [
        each.observation.scores.get("outlier")
        for batch in bench.postgres.batches.values()
        for each in batch.observed
    ]


async def test_answers_are_scored_by_the_models_vectors() -> None:
    """An answer on another matter is an outlier, and the nearest usual ones are named."""
    async with with_a_model(MadeUpEmbedder(), MadeUpEmbedder()) as bench:
        other = exchange(2, output="moonlight 2 of length xx")
        await bench.absorb([Reported(exchange=exchange(1)), Reported(exchange=other)])
        scored = [each for batch in bench.postgres.batches.values() for each in batch.scored]
        assert [each.verdict for each in scored] == [Verdict.OK, Verdict.WARN]
        assert scored[1].findings[-1].startswith("nearest reference answers: answer-1")
        assert bench.scorer.health() == {}


async def test_faults_are_judged_though_the_model_hangs() -> None:
    """The answer has no outlier score; its fault is told, and the loss is counted."""
    model = MadeUpEmbedder()
    async with with_a_model(model, MadeUpEmbedder()) as bench:
        model.gate.clear()
        await bench.absorb([Reported(exchange=exchange(1, output=""))])
        (batch,) = bench.postgres.batches.values()
        assert [each.observation.fault for each in batch.observed] == [True]
        assert _outlier_scores(bench) == [None]
        assert "% of the recent answers" in bench.scorer.health()["embedder"]
        model.gate.set()


async def test_a_reference_of_another_model_is_not_scored_by_this_one() -> None:
    """Health says whose it is and what to do; signals are scored all the same."""
    async with with_a_model(MadeUpEmbedder(), MadeUpEmbedder(digest="old")) as bench:
        await bench.absorb([Reported(exchange=exchange(1))])
        assert _outlier_scores(bench) == [None]
        said = bench.scorer.health()[f"outliers of {NAME}"]
        assert "made up (old)" in said
        assert "set `embedder` back, or promote a new version" in said
        (batch,) = bench.postgres.batches.values()
        assert "characters_high" in batch.observed[0].observation.scores
