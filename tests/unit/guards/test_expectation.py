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
    {"kind": "json_schema", "schema": {"type": "object"}, "strict": True},
    {"kind": "json", "value": {"a": 1}, "weights": {"a": 2}, "required": ["a"], "threshold": 1},
    {"kind": "tool_call", "name": "add", "arguments": {"a": 1}},
    {"kind": "token_f1", "values": ["a"], "threshold": 0.5},
    {"kind": "rouge_l", "values": ["a"]},
    {"kind": "chrf", "values": ["a"], "word_order": 2},
    {"kind": "similarity", "values": ["a"], "threshold": 0.8},
    {"kind": "reference_logprob", "value": "a"},
    {"kind": "multiple_choice", "values": [" a", " b"], "value": " b"},
    {"kind": "code", "tests": "assert f() == 1", "before": "import math\n", "limit_s": 5},
    {"kind": "judge", "rubric": "Is it kind?", "reference": "Yes.", "scale": [0, 5], "repeats": 5},
    {
        "kind": "all",
        "of": [
            {"kind": "exact", "value": "a"},
            {"kind": "not", "of": {"kind": "exact", "value": "b"}},
        ],
    },
    {"kind": "any", "of": [{"kind": "exact", "value": "a"}]},
    {"kind": "not", "of": {"kind": "exact", "value": "a"}},
]


def _nested(depth: int) -> dict[str, Any]:
    inner = {"kind": "exact", "value": "a"}
    return {"kind": "not", "of": _nested(depth - 1)} if depth else inner


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
        ({"kind": "json", "value": {"a": 1}, "weights": {"b": 1}}, "no field 'b'"),
        ({"kind": "json", "value": {"a": 1}, "required": ["b"]}, "no field 'b'"),
        ({"kind": "json", "value": 1, "required": ["b"]}, "a value that is an object"),
        ({"kind": "json", "value": {"a": 1}, "weights": {"a": 0}}, "a weight above 0"),
        ({"kind": "json", "value": {"a": 1}, "weights": {}}, "a weight above 0"),
        ({"kind": "tool_call", "name": " "}, "not blank"),
        ({"kind": "tool_call", "name": "a", "arguments": []}, "must be an object"),
        ({"kind": "token_f1", "values": ["a"], "threshold": 0}, "above 0 and at most 1"),
        ({"kind": "chrf", "values": ["a"], "word_order": 1}, "0 .chrF. or 2"),
        ({"kind": "multiple_choice", "values": ["a"], "value": "a"}, "two different texts"),
        ({"kind": "multiple_choice", "values": ["a", "a"], "value": "a"}, "two different texts"),
        ({"kind": "multiple_choice", "values": ["a", "b"], "value": "c"}, "none of the values"),
        ({"kind": "code", "tests": ""}, "not blank"),
        ({"kind": "code", "tests": "1", "limit_s": 1e9}, "at most 120"),
        ({"kind": "judge", "rubric": "r", "repeats": 0}, "from 1 to 20"),
        ({"kind": "judge", "rubric": "r", "scale": [3, 3]}, "two whole numbers"),
        ({"kind": "all", "of": []}, "at least one expectation"),
        ({"kind": "all", "of": [{"kind": "exatc"}]}, "do you mean 'exact'"),
        ({"kind": "not", "of": [{"kind": "exact", "value": "a"}]}, "must be an expectation"),
        (_nested(6), "nested more than 4 deep"),
    ],
)
def test_what_cannot_be_graded_by_is_refused(expectation: dict[str, Any], message: str) -> None:
    """The sentence says what is wrong and what is known."""
    with pytest.raises(GradingError, match=message):
        check_expectation(expectation)
