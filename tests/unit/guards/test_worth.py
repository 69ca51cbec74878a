"""What an answer is worth."""

from __future__ import annotations

import pytest

from guards import assessment, worth
from guards.assessment import Assessed
from guards.constancy import ConstantAnswers
from guards.declared import Declared
from guards.exchange import FinishReason
from guards.worth import Source
from tests.handed import exchange

SCHEMA = {"type": "object"}


def assessed(**changes: object) -> Assessed:
    """Return an assessed answer."""
    (found,) = assessment.assess([exchange(1, **changes)], None, ConstantAnswers())
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1.0),
        ({"output": ""}, 0.0),
        ({"output": "no JSON", "response_schema": SCHEMA}, 0.0),
        ({"output": "[]", "response_schema": SCHEMA}, 0.0),
        ({"output": "{}", "response_schema": SCHEMA}, 1.0),
        ({"declared": Declared(must_match=("answer",))}, 1.0),
        ({"declared": Declared(must_match=("order",))}, 0.0),
    ],
)
def test_faults_and_broken_forms_are_worth_nothing(
    changes: dict[str, object], expected: float
) -> None:
    """The least that is known counts."""
    assert worth.of(assessed(**changes), worth.FREE) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"finish_reason": FinishReason.ABANDONED},
        {"finish_reason": FinishReason.INCOMPLETE},
        {"finish_reason": FinishReason.ERROR, "error": "the engine failed"},
    ],
)
def test_what_is_no_answer_says_nothing_in_a_pair_and_counts_as_treated(
    changes: dict[str, object],
) -> None:
    """In a pair it is no version's doing; chance deals it out alike to callers of both."""
    found = assessed(**changes)
    assert worth.of(found, worth.FREE) is None
    assert worth.as_treated(found, worth.FREE) == 0.0


def test_a_source_that_says_nothing_leaves_the_worth_unknown() -> None:
    """No schema is declared, and no golden run taught anything."""
    assert worth.of(assessed(), {Source.SCHEMA, Source.WRONGNESS}) is None
    assert worth.as_treated(assessed(), {Source.SCHEMA}) == 1.0
