"""Expectations as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from guards.expectation import KINDS, GradingError, check_expectation

GOOD: list[dict[str, Any]] = [
    {"kind": "exact", "value": "a"},
    {"kind": "normalized", "value": "a"},
    {"kind": "one_of", "values": ["a", "b"]},
    {"kind": "regex", "pattern": "a+", "whole": True},
    {"kind": "contains", "values": ["a"]},
    {"kind": "excludes", "values": ["a"]},
    {"kind": "number", "value": 3, "tolerance": 0.5},
    {"kind": "json", "value": None},
    {"kind": "json_schema", "schema": {"type": "object"}},
]


def test_every_kind_can_be_written() -> None:
    """The examples cover all kinds and are accepted."""
    for expectation in GOOD:
        check_expectation(expectation)
    assert {each["kind"] for each in GOOD} == set(KINDS)


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ({}, "needs a kind"),
        ({"kind": "exatc", "value": "a"}, "do you mean 'exact'"),
        ({"kind": "!", "value": "a"}, "use one of exact"),
        ({"kind": "exact"}, "needs the field 'value'"),
        ({"kind": "exact", "value": 1}, "must be a text"),
        ({"kind": "exact", "valeu": "a"}, "do you mean 'value'"),
        ({"kind": "one_of", "values": []}, "at least one text"),
        ({"kind": "regex", "pattern": "("}, "malformed"),
        ({"kind": "regex", "pattern": 1}, "must be a regular expression"),
        ({"kind": "regex", "pattern": "a", "whole": 1}, "true or false"),
        ({"kind": "number", "value": True}, "must be a number"),
        ({"kind": "number", "value": 10**400}, "must be a number"),
        ({"kind": "number", "value": 1, "tolerance": -1}, "must not be negative"),
        ({"kind": "json_schema", "schema": {"type": "objekt"}}, "malformed"),
        ({"kind": "json_schema", "schema": []}, "must be a JSON Schema"),
        ({"kind": ["exact"]}, "no kind of expectation"),
    ],
)
def test_what_cannot_be_graded_by_is_refused(expectation: dict[str, Any], message: str) -> None:
    """The sentence says what is wrong and what is known."""
    with pytest.raises(GradingError, match=message):
        check_expectation(expectation)
