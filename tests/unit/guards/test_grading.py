"""Grades of answers."""

from __future__ import annotations

from typing import Any

import pytest

from guards.expectation import GradingError
from guards.grading import grade

TICKET = {"team": "Billing", "order": "A-1"}
SCHEMA = {"type": "object", "required": ["team"]}


@pytest.mark.parametrize(
    ("expectation", "output", "raw", "normalized"),
    [
        ({"kind": "exact", "value": "A-1"}, "A-1", 1, 1),
        ({"kind": "exact", "value": "A-1"}, "Ａ-１\n", 0, 1),
        ({"kind": "exact", "value": "A-1"}, "a-1", 0, 0),
        ({"kind": "normalized", "value": "the cat"}, "Cat.", 0, 1),
        ({"kind": "one_of", "values": ["yes", "no"]}, "Yes.", 0, 1),
        ({"kind": "one_of", "values": ["yes", "no"]}, "no", 1, 1),
        ({"kind": "one_of", "values": ["yes", "no"]}, "maybe", 0, 0),
        ({"kind": "regex", "pattern": "A-[0-9]+"}, "It is A-12.", 1, 1),
        ({"kind": "regex", "pattern": "A-[0-9]+", "whole": True}, "A-12 ", 0, 1),
        ({"kind": "contains", "values": ["Refund", "ten"]}, "refund in ten days", 0.5, 1),
        ({"kind": "excludes", "values": ["Sorry"]}, "sorry!", 1, 0),
        ({"kind": "excludes", "values": ["sorry"]}, "Done.", 1, 1),
        ({"kind": "number", "value": 1200}, "so 1,200 in all", 0, 1),
        ({"kind": "number", "value": 3, "tolerance": 0.2}, "3.1", 1, 1),
        ({"kind": "number", "value": 3}, "nan", 0, 0),
        ({"kind": "json", "value": TICKET}, '{"team": "Billing", "order": "A-1"}', 1, 1),
        ({"kind": "json", "value": TICKET}, '{"team": "billing", "order": "A-1"}', 0.5, 1),
        ({"kind": "json", "value": TICKET}, '```\n{"team": "Billing"}\n```', 0, 0.5),
        ({"kind": "json", "value": TICKET}, '{"team": "Bil', 0, 0),
        ({"kind": "json_schema", "schema": SCHEMA}, '{"team": 1}', 1, 1),
        ({"kind": "json_schema", "schema": SCHEMA}, '```\n{"team": 1}\n```', 0, 1),
        ({"kind": "json_schema", "schema": SCHEMA}, "{}", 0, 0),
        ({"kind": "json_schema", "schema": SCHEMA}, "", 0, 0),
    ],
)
def test_answers_are_graded_as_is_and_normalised(
    expectation: dict[str, Any], output: str, raw: float, normalized: float
) -> None:
    """Each kind has its own strictness, kept apart from what is forgiven."""
    found = grade(expectation, output)
    assert (found.raw, found.normalized) == (raw, normalized)


def test_an_expectation_that_cannot_be_used_is_an_error() -> None:
    """A misspelt kind never passes silently."""
    with pytest.raises(GradingError):
        grade({"kind": "exakt", "value": "a"}, "a")


@pytest.mark.slow
def test_a_pattern_that_takes_too_long_is_an_error_of_the_measuring() -> None:
    """It is no grade of 0: the answer is not to blame."""
    with pytest.raises(GradingError, match="takes too long"):
        grade({"kind": "regex", "pattern": "(.*a){25}$"}, "a" * 200 + "!")
