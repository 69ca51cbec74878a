"""Answers that wait for their shadows: no more of them than pairs need."""

from __future__ import annotations

from guards.assessment import Scored
from guards.exchange import Message
from guards.verdicts import Verdict
from monitor.runtime.scoring.pairing import Pairing
from tests.handed import exchange


def _scored(number: int, **changes: object) -> Scored:
    return Scored(exchange=exchange(number, **changes), verdict=Verdict.OK, signals={"lines": 1.0})


def test_answers_are_kept_without_their_prompts() -> None:
    """A prompt may be a hundred times as long as its answer."""
    long = (Message(role="user", content="x" * 100_000),)
    shadow = _scored(2, tags={"shadow_of": "answer-1"})
    (pair,) = Pairing().pairs([_scored(1, messages=long), shadow]).values()
    assert pair.answer.messages == ()
    assert pair.answer.output == exchange(1).output
    assert pair.clues == {"lines": 1.0}


def test_the_oldest_answers_go_when_all_take_too_much() -> None:
    """Long answers with log-probabilities count for what they take."""
    pairing = Pairing(most_bytes=200_000)
    pairing.pairs([_scored(0, tags={"shadow_of": "nobody"})])
    for number in range(1, 11):
        pairing.pairs([_scored(number, output="x" * 10_000, token_logprobs=(-0.1,) * 1000)])
        assert pairing.size <= 200_000
    shadows = [_scored(20 + n, tags={"shadow_of": f"answer-{n}"}) for n in range(1, 11)]
    assert sorted(pairing.pairs(shadows)) == [8, 9]


def test_an_answer_that_comes_again_is_counted_once() -> None:
    """What was handed over twice takes no more than once."""
    pairing = Pairing()
    pairing.pairs([_scored(1), _scored(0, tags={"shadow_of": "nobody"})])
    before = pairing.size
    pairing.pairs([_scored(1)])
    assert pairing.size == before > 0
