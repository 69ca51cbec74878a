"""Vectors by a model: in time or not at all, and never chosen by what an answer says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from guards.exchange import Exchange
from guards.novelty import Embedded
from monitor.errors import EngineError
from monitor.runtime.scoring.model_embeddings import ModelEmbeddings
from tests.embedders import MadeUpEmbedder
from tests.handed import exchange
from tests.waiting import until


class Slow(MadeUpEmbedder):
    """Takes a second of a clock in a list for each chunk."""

    def __init__(self, now: list[float]) -> None:
        super().__init__()
        self.now = now

    def encode(self, texts: list[str]) -> np.ndarray:
        """Embed, and move the clock on."""
        self.now[0] += 1.0
        return super().encode(texts)


@asynccontextmanager
async def loaded(embeddings: ModelEmbeddings) -> AsyncIterator[ModelEmbeddings]:
    """Run until the model is loaded, and while the block runs."""
    running = asyncio.create_task(embeddings.run())
    try:
        await until(lambda: embeddings.by is not None)
        yield embeddings
    finally:
        running.cancel()
        embeddings.close()


def answers(count: int, output: str = "answer") -> list[Exchange]:
    """Return answers that say the same."""
    return [exchange(number, output=f"{output} {number}") for number in range(count)]


def embedded_rows(found: Embedded | None) -> list[int]:
    """Return the rows that have a vector."""
    assert found is not None
    return np.flatnonzero(~np.isnan(found.vectors).any(axis=1)).tolist()


async def test_what_is_due_has_a_vector_in_its_row() -> None:
    """And nothing else has."""
    model = MadeUpEmbedder()
    async with loaded(ModelEmbeddings(lambda: model)) as embeddings:
        found = await embeddings.live(answers(10), [2, 7])
    assert embedded_rows(found) == [2, 7]
    assert found is not None
    assert np.array_equal(found.vectors[[2, 7]], model.encode(["answer 2", "answer 7"]))
    assert (embeddings.made, embeddings.left_out, embeddings.health()) == (2, 0, {})


async def test_while_the_model_is_loading_nothing_waits_for_it() -> None:
    """Answers go on without, are counted, and health says so."""
    embeddings = ModelEmbeddings(MadeUpEmbedder)
    assert await embeddings.live(answers(3), [0, 1]) is None
    assert embeddings.left_out == 2
    assert "is being loaded" in embeddings.health()["embedder"]
    embeddings.close()


async def test_a_model_that_cannot_be_loaded_is_tried_again() -> None:
    """Until then health has the reason, and a reference embeds for itself."""
    tries = []

    def load() -> MadeUpEmbedder:
        tries.append(None)
        if len(tries) == 1:
            raise EngineError("the folder is gone")
        return MadeUpEmbedder()

    embeddings = ModelEmbeddings(load, again_s=0.0)
    embed = embeddings.for_references
    assert embed is not None
    assert ModelEmbeddings(load, loading_s=0.0).for_references(["text"]) is None
    async with loaded(embeddings):
        assert len(tries) == 2
        assert embeddings.health() == {}
        assert (await asyncio.to_thread(embed, ["text"])) is not None


async def test_where_there_is_too_little_time_ids_choose_and_not_words() -> None:
    """Other words under the same ids: the same answers have vectors, of about the share."""
    chosen = []
    for words in ("short", "quite another and much longer answer"):
        now = [0.0]
        model = Slow(now)
        embeddings = ModelEmbeddings(
            lambda model=model: model, clock=lambda now=now: now[0], key=b"one"
        )
        async with loaded(embeddings):
            await embeddings.live(answers(64, words), range(64))
            chosen.append(embedded_rows(await embeddings.live(answers(640, words), range(640))))
            said = embeddings.health()["embedder"]
    assert chosen[0] == chosen[1]
    assert 15 <= len(chosen[0]) <= 50  # half a second of 64 a second, of 640
    assert "% of the recent answers" in said


async def test_callers_cannot_choose_ids_that_are_left_out() -> None:
    """The same ids, other answers chosen: each process draws a key."""
    chosen = []
    for _ in range(2):
        now = [0.0]
        model = Slow(now)
        embeddings = ModelEmbeddings(lambda model=model: model, clock=lambda now=now: now[0])
        async with loaded(embeddings):
            await embeddings.live(answers(64, "short"), range(64))
            chosen.append(embedded_rows(await embeddings.live(answers(640, "short"), range(640))))
    assert chosen[0] != chosen[1]


async def test_a_model_that_hangs_holds_a_batch_up_for_a_moment_only() -> None:
    """And the next ones not at all, until it is back."""
    model = MadeUpEmbedder()
    embeddings = ModelEmbeddings(lambda: model, limit_s=0.01)
    async with loaded(embeddings):
        model.gate.clear()
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == []
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == []
        assert embeddings.left_out == 6
        model.gate.set()
        await until(lambda: model.asked != [])
        await until(lambda: embeddings._running is not None and embeddings._running.done())
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == [0, 1, 2]


async def test_a_model_that_fails_is_left_alone_for_a_while() -> None:
    """Out of memory, say: health has the reason until it works again."""
    now = [0.0]
    model = MadeUpEmbedder(fails=True)
    async with loaded(ModelEmbeddings(lambda: model, clock=lambda: now[0])) as embeddings:
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == []
        assert "out of memory" in embeddings.health()["embedder"]
        model.fails = False
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == []
        now[0] = 31.0
        assert embedded_rows(await embeddings.live(answers(3), range(3))) == [0, 1, 2]
        assert "out of memory" not in embeddings.health().get("embedder", "")


async def test_a_reference_embeds_for_itself_if_the_model_fails() -> None:
    """Its version must not wait for the model for ever."""
    model = MadeUpEmbedder(fails=True)
    async with loaded(ModelEmbeddings(lambda: model)) as embeddings:
        embed = embeddings.for_references
        assert embed is not None
        assert await asyncio.to_thread(embed, ["text"]) is None
