"""Constant answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from guards.constancy import ConstantAnswers, commonest_share
from guards.exchange import FinishReason
from tests.unit.guards.samples import asked

LONG = "I am only a language model and cannot help you with that."


def _first_fault(checker: ConstantAnswers, prompts: list[str], output: str = LONG) -> int | None:
    for count, prompt in enumerate(prompts, start=1):
        if checker.observe(asked(prompt, output)):
            return count
    return None


def test_one_answer_to_eight_prompts_is_a_fault() -> None:
    """The eighth different prompt with the same long answer completes the run."""
    assert _first_fault(ConstantAnswers(), [f"p{i}" for i in range(20)]) == 8


def test_one_prompt_asked_again_and_again_is_no_fault() -> None:
    """A greedy model rightly gives one answer to one prompt."""
    assert _first_fault(ConstantAnswers(), ["p"] * 100) is None


def test_another_answer_ends_the_run() -> None:
    """Seven, another one, and seven are no run of eight."""
    checker = ConstantAnswers()
    prompts = [f"p{i}" for i in range(7)]
    assert _first_fault(checker, prompts) is None
    assert _first_fault(checker, ["q"], LONG + "!") is None
    assert _first_fault(checker, prompts) is None


def test_a_short_label_is_never_called_constant() -> None:
    """Classifiers give few distinct answers."""
    assert _first_fault(ConstantAnswers(), [f"p{i}" for i in range(100)], "card_arrival") is None


@pytest.mark.parametrize("reason", [FinishReason.ABANDONED, FinishReason.INCOMPLETE])
def test_incomplete_answers_are_passed_over(reason: FinishReason) -> None:
    """They neither join a run nor end it."""
    checker = ConstantAnswers()
    _first_fault(checker, [f"p{i}" for i in range(7)])
    assert not checker.observe(asked("q", "", finish_reason=reason))
    assert checker.observe(asked("p7", LONG))


def test_a_commoner_answer_needs_a_longer_run() -> None:
    """By chance alone a share s gives a run with s^run, kept under one in a million."""
    assert ConstantAnswers.for_share(0.01).run == 8
    assert 0.9 ** ConstantAnswers.for_share(0.9).run <= 1e-6
    assert ConstantAnswers.for_share(1.0).run == ConstantAnswers.for_share(0.99).run


@pytest.mark.slow
def test_a_classifier_with_a_frequent_long_label_is_not_called_constant() -> None:
    """In 20,000 answers of which 80 % are the same JSON no run is long enough (at most 2 % do)."""
    rng = np.random.default_rng(7)
    labels = [json.dumps({"intent": f"card_arrival_{i}", "sure": True}) * 2 for i in range(3)]
    drawn = rng.choice(3, p=[0.8, 0.1, 0.1], size=20_000)
    checker = ConstantAnswers.for_share(commonest_share([labels[i] for i in drawn[:150]]))
    assert not any(checker.observe(asked(f"p{n}", labels[i])) for n, i in enumerate(drawn))


def test_a_restored_checker_goes_on_where_it_stopped() -> None:
    """The state carries the run over a restart, as JSON."""
    checker, other = ConstantAnswers(), ConstantAnswers()
    _first_fault(checker, [f"p{i}" for i in range(7)])
    other.restore(json.loads(json.dumps(checker.state())))
    assert other.observe(asked("p7", LONG))


def test_the_state_holds_no_text() -> None:
    """Only digests leave the checker."""
    checker = ConstantAnswers()
    checker.observe(asked("a secret question", LONG))
    assert "secret" not in str(checker.state())
    assert "language" not in str(checker.state())
