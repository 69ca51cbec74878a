"""Categories of prompts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from guards.categories import DISTANCE, MIX, PromptClusters
from guards.drift import DriftDetector
from guards.reference import Reference
from tests.unit.guards import samples

TOPICS = (
    "reset the password of account number {n} for a locked user",
    "refund the invoice {n} that was charged to the wrong credit card",
    "deliver parcel {n} to another street in the neighbouring town",
)
STRANGE = "zkqx {n} wvvj qqzz xxkj"
SIZE = 300


def _prompts(rng: np.random.Generator, shares: tuple[float, ...], size: int) -> list[str]:
    chosen = rng.choice(len(TOPICS), size=size, p=shares)
    return [TOPICS[topic].format(n=rng.integers(1000)) for topic in chosen.tolist()]


@pytest.fixture(scope="module")
def clusters() -> PromptClusters:
    """Return clusters of three topics, of which the first is the commonest."""
    found = PromptClusters.fit(
        _prompts(np.random.default_rng(0), (0.5, 0.25, 0.25), SIZE // 2), size=SIZE, seed=0
    )
    assert found is not None
    return found


def test_prompts_of_a_topic_are_of_one_category(clusters: PromptClusters) -> None:
    """And topics are told apart; the commonest is category 0."""
    found = [
        set(clusters.place([topic.format(n=n) for n in range(20)]).categories.tolist())
        for topic in TOPICS
    ]
    assert found[0] == {0}
    assert not found[0] & found[1]
    assert not found[1] & found[2]


def test_a_prompt_far_from_all_is_unlike_any(clusters: PromptClusters) -> None:
    """It is of the last category, and its distance is 1 or about."""
    placed = clusters.place([STRANGE.format(n=3), ""])
    assert placed.categories.tolist() == [clusters.count - 1] * 2
    assert placed.distances.min() > 0.9


@pytest.mark.parametrize("prompts", [["the same"] * 150, [""] * 150])
def test_prompts_that_are_all_alike_have_one_category(prompts: list[str]) -> None:
    """So have those of a small reference."""
    assert PromptClusters.fit(prompts, size=SIZE, seed=0) is None
    assert PromptClusters.fit(list(TOPICS) * 10, size=60, seed=0) is None


def test_equal_prompts_and_seed_give_equal_clusters(clusters: PromptClusters) -> None:
    """A frozen reference can be made again, and comes back from its arrays as it was."""
    again = PromptClusters.fit(
        _prompts(np.random.default_rng(0), (0.5, 0.25, 0.25), SIZE // 2), size=SIZE, seed=0
    )
    read = PromptClusters.from_arrays(clusters.to_arrays())
    texts = _prompts(np.random.default_rng(1), (0.2, 0.4, 0.4), 50)
    for other in (again, read):
        assert other is not None
        np.testing.assert_array_equal(other.place(texts).distances, clusters.place(texts).distances)


def _reference(rng: np.random.Generator) -> Reference:
    """Return a reference of a desk whose answers are longer the farther the topic is down the list."""
    prompts = _prompts(rng, (0.6, 0.3, 0.1), SIZE)
    return Reference.fit([_answered(rng, n, text) for n, text in enumerate(prompts)], seed=0)


def _answered(rng: np.random.Generator, number: int, prompt: str) -> samples.Exchange:
    topic = next(n for n, text in enumerate(TOPICS) if text[:5] == prompt[:5])
    said = " ".join(f"word{rng.integers(300)}" for _ in range(10 + 25 * topic + rng.integers(8)))
    return samples.asked(prompt, said, id=f"answer-{number}")


def _levels(
    reference: Reference, exchanges: list[samples.Exchange], *, pooled: bool
) -> tuple[float, float]:
    """Return the highest levels of drift and of the traffic over a stream."""
    categories = reference.categories
    assert categories is not None
    columns = reference.scores(exchanges)
    scores = [
        {name: float(column[row]) for name, column in columns.items() if not np.isnan(column[row])}
        for row in range(len(exchanges))
    ]
    ids = [each.id for each in exchanges]
    placed = categories.prompts.place([each.prompt for each in exchanges])
    drift = DriftDetector(
        reference.channels,
        None,
        categories=None if pooled else categories.of_scores,
        count=1 if pooled else categories.count,
    )
    traffic = DriftDetector(categories.traffic)
    prompts = [
        {MIX: float(category), DISTANCE: float(distance)}
        for category, distance in zip(placed.categories, placed.distances, strict=True)
    ]
    return (
        max(drift.update(ids, scores, None, placed.categories.tolist()).highest),
        max(traffic.update(ids, prompts).highest),
    )


@pytest.mark.slow
def test_a_change_of_the_mix_is_a_change_of_the_traffic_and_no_drift() -> None:
    """Ranked without categories it would be taken for one."""
    rng = np.random.default_rng(1)
    reference = _reference(rng)
    shifted = _prompts(rng, (0.1, 0.2, 0.7), 250)
    stream = [_answered(rng, 1000 + n, text) for n, text in enumerate(shifted)]
    drift, traffic = _levels(reference, stream, pooled=False)
    assert drift < 1_000.0 <= traffic
    assert _levels(reference, stream, pooled=True)[0] > 1_000.0


@pytest.mark.slow
def test_a_change_of_the_answers_is_drift_and_no_change_of_the_traffic() -> None:
    """Also where the answers of one topic become what those of another are."""
    rng = np.random.default_rng(2)
    reference = _reference(rng)
    same = _prompts(rng, (0.6, 0.3, 0.1), 250)
    stream = []
    for n, text in enumerate(same):
        longer = _answered(rng, 1000 + n, TOPICS[2].format(n=n))
        asked = replace(longer.messages[-1], content=text)
        stream.append(replace(longer, messages=(asked,)))
    drift, traffic = _levels(reference, stream, pooled=False)
    assert traffic < 1_000.0 <= drift
