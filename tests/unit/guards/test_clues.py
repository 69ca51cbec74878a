"""Clues to wrong answers."""

from __future__ import annotations

from guards import clues
from tests.unit.guards.samples import exchange


def test_length_likelihood_and_agreement_are_clues() -> None:
    """Other signals are not, and a missing other answer gives no agreement."""
    answers = [
        exchange("one two", token_logprobs=(-1.0, -2.0)),
        exchange("three", token_logprobs=None),
    ]
    with_other, alone = clues.of_answers(answers, [exchange("one four", adapter="x@1"), None])
    assert with_other["logprob_mean"] == -1.5
    assert with_other["word_distance"] == 0.5
    assert with_other["characters"] == 7
    assert "letters" not in with_other
    assert not {"word_distance", "logprob_mean"} & alone.keys()


def test_one_version_that_answers_twice_is_consistent_with_itself() -> None:
    """Two versions are not: that is agreement."""
    again, other = clues.of_pairs(
        [
            (exchange("one two"), exchange("one two")),
            (exchange("one two"), exchange("one two", adapter="x@1")),
        ]
    )
    assert again["self_consistency"] == 1.0
    assert "self_consistency" not in other
