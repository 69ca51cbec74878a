"""Novelty of answers."""

from __future__ import annotations

import numpy as np

from guards.novelty import Embedded, EmbeddedBy, Novelty
from tests.unit.guards.samples import tickets

TEXTS = [each.output for each in tickets(0, 40)]
MODEL = EmbeddedBy(name="model", digest="abc")


def embedded(count: int, seed: int) -> Embedded:
    """Return vectors of length 1, as a model makes them."""
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return Embedded(by=MODEL, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_an_answer_of_another_kind_is_more_novel() -> None:
    """Free text is far from tickets, a new ticket is not."""
    novelty = Novelty.fit(TEXTS)
    usual, odd = novelty.scores(['{"team": "orders", "order": "A-555"}', "Good morning to you!"])
    assert odd > usual + 0.2


def test_arrays_carry_the_novelty() -> None:
    """Novelty made from arrays gives the same scores."""
    novelty = Novelty.fit(TEXTS)
    again = Novelty.from_arrays(novelty.to_arrays())
    assert np.array_equal(again.scores(TEXTS), novelty.scores(TEXTS))


def test_the_usual_answers_that_lie_nearest_are_named() -> None:
    """By their ids, nearest first; of before ids were kept, none."""
    ids = [f"answer-{number}" for number in range(len(TEXTS))]
    novelty = Novelty.from_arrays(Novelty.fit(TEXTS, ids).to_arrays())
    nearest = novelty.nearest(TEXTS[7], at_most=2)
    assert len(nearest) == 2
    assert TEXTS[int(nearest[0].removeprefix("answer-"))] == TEXTS[7]
    older = {name: each for name, each in novelty.to_arrays().items() if name != "ids"}
    assert Novelty.from_arrays(older).nearest(TEXTS[7]) == ()


def test_arrays_carry_a_novelty_of_a_models_vectors() -> None:
    """With the model's digest, by which its vectors are known."""
    novelty = Novelty.fit_embedded(embedded(60, 1), [str(number) for number in range(60)])
    again = Novelty.from_arrays(novelty.to_arrays())
    new = embedded(5, 2)
    assert again.by == MODEL
    assert np.array_equal(again.scores([""] * 5, new), novelty.scores([""] * 5, new))
    assert again.nearest("", embedded(60, 1).rows([3]))[0] == "3"


def test_only_vectors_of_the_same_model_are_scored() -> None:
    """Without them, and where a text has none, there is no score and no neighbour."""
    novelty = Novelty.fit_embedded(embedded(60, 1), [str(number) for number in range(60)])
    stranger = Embedded(by=EmbeddedBy(name="other", digest="0"), vectors=embedded(2, 2).vectors)
    half = embedded(2, 2)
    half.vectors[1] = np.nan
    assert np.isnan(novelty.scores(["", ""], stranger)).all()
    assert np.isnan(novelty.scores(["", ""], None)).all()
    assert np.isnan(novelty.scores(["", ""], half)).tolist() == [False, True]
    assert novelty.nearest("", stranger.rows([0])) == ()
