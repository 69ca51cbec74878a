"""Tests of the banking recipe: the models of the end-to-end story are as good or bad as it needs."""

from __future__ import annotations

import pytest

from bench.demo_quality import answers
from tests.e2e import banking_model

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not banking_model.DATA.is_dir(),
        reason="needs ../shared/data/banking77 (or BACKSTOP_SHARED_DATA)",
    ),
]

CHANCE = 1 / len(banking_model.INTENTS)


def test_golden_cases_are_neither_traffic_nor_training() -> None:
    """The golden set shares no query with the traffic."""
    golden = {case.messages[0].content for case in banking_model.golden_set()}
    assert len(golden) == banking_model.GOLDEN_PER_INTENT * len(banking_model.INTENTS)
    assert not golden & {query.text for query in banking_model.traffic()}


@pytest.mark.slow
def test_versions_differ_as_the_story_needs() -> None:
    """v1 is good, more data is better, another seed is alike, shuffled labels are near chance."""
    v1, more, seed, shuffled = map(_accuracy, ("v1", "v_more", "v_seed", "v_shuffled"))
    assert v1 >= 0.75
    assert more >= v1
    assert abs(seed - v1) <= 0.04
    assert shuffled <= 2 * CHANCE


def _accuracy(version: str) -> float:
    cases = banking_model.golden_set()
    prompts = [case.messages[0].content for case in cases]
    texts = answers(banking_model.adapter(version), prompts, banking_model.base_model())
    right = (text == case.expectation["value"] for text, case in zip(texts, cases, strict=True))
    return sum(right) / len(cases)
