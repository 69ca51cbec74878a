"""Pairs that a judge compares beside the scoring."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from guards.exchange import Message
from guards.worth import Source
from monitor.errors import Unavailable
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.scoring.judged_pairs import JudgedPairs
from tests.handed import NAME, MemoryPostgres, deployment, exchange

BASELINE = "support@333333333333"


class Longer:
    """Prefers the longer answer, or is away."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False

    async def compare(self, messages: Sequence[Message], one: str, other: str) -> float:
        """Return how much better one is."""
        if self.is_away:
            raise Unavailable("the judge does not answer")
        self.asked += 1
        return 1.0 if len(one) > len(other) else -1.0


@pytest.fixture
def assessor() -> Assessor:
    """An assessor of a deployment whose pairs a judge compares."""
    postgres = MemoryPostgres(pointers=[deployment(baseline=BASELINE)])
    sources = {Source.FAULTS, Source.JUDGE}
    assessor = Assessor(postgres, postgres, {NAME: 60}, {}, worth={NAME: sources})
    assessor.refresh()
    return assessor


def pair(number: int, live: str, shadow: str) -> list[object]:
    """Return an answer and its shadow."""
    tags = {"shadow_of": f"answer-{number}"}
    other = exchange(1000 + number, adapter=BASELINE, tags=tags, output=shadow)
    return [exchange(number, output=live), other]


async def test_a_judge_is_asked_where_all_else_is_equal(assessor: Assessor) -> None:
    """A pair with a fault has said it already: each pair is one bet."""
    judge = Longer()
    pairs = JudgedPairs(judge)
    found = assessor.assess([*pair(1, "", "sound"), *pair(2, "both are", "sound")])
    pairs.offer(assessor.take_unjudged())
    await pairs.catch_up()
    at_once = [each.observation for each in found.observed if each.observation.beside]
    later = [each.observation for each in pairs.take()]
    assert [(each.exchange_id, each.pair) for each in at_once] == [("answer-1001", -1.0)]
    assert [(each.exchange_id, each.pair) for each in later] == [("answer-1002", 1.0)]
    assert (judge.asked, later[0].beside, pairs.take()) == (1, True, [])


async def test_a_shadow_that_comes_twice_is_compared_once(assessor: Assessor) -> None:
    """Handed over again after a reconnect."""
    judge = Longer()
    pairs = JudgedPairs(judge)
    for _ in range(2):
        assessor.assess(pair(2, "both are", "sound"))
        pairs.offer(assessor.take_unjudged())
        await pairs.catch_up()
    assert (judge.asked, len(pairs.take())) == (1, 1)


async def test_a_judge_that_is_away_leaves_pairs_out(assessor: Assessor) -> None:
    """Unknown is not bad; health says so until it answers again."""
    judge = Longer()
    judge.is_away = True
    pairs = JudgedPairs(judge)
    assessor.assess(pair(2, "both are", "sound"))
    pairs.offer(assessor.take_unjudged())
    await pairs.catch_up()
    assert (pairs.take(), pairs.left_out, len(pairs.health())) == ([], 1, 1)
    judge.is_away = False
    assessor.assess(pair(3, "both are", "sound"))
    pairs.offer(assessor.take_unjudged())
    await pairs.catch_up()
    assert pairs.health() == {}


def test_more_pairs_than_can_wait_are_left_out(assessor: Assessor) -> None:
    """A slow judge costs pairs, and no memory."""
    pairs = JudgedPairs(Longer())
    for number in range(100):
        assessor.assess(pair(number, f"answer {number}", f"other {number}"))
    pairs.offer(assessor.take_unjudged())
    assert pairs.left_out == 36
