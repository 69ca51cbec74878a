"""Grades of structured answers and of combined expectations, kind by kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guards.expectation import GradingError
from guards.grading import grade

ORDER = {"team": "Billing", "order": "A-1", "items": [1, 2]}


def _said(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False)


@pytest.mark.parametrize(
    ("options", "output", "raw", "normalized"),
    [
        ({}, _said(**ORDER), 1, 1),
        ({}, _said(team="Billing", order="A-1"), 2 / 3, 2 / 3),
        ({}, _said(**ORDER, note=""), 0.75, 0.75),
        ({}, _said(team="Billing", order="A-1", items=[1, 3]), 5 / 6, 5 / 6),
        ({}, _said(team="ＢＩＬＬＩＮＧ", order="A-1", items=[1, 2]), 2 / 3, 1),
        ({}, "[]", 0, 0),
        ({}, "no JSON", 0, 0),
        ({}, f"```json\n{_said(**ORDER)}\n```", 0, 1),
        ({"strict": True}, f"```json\n{_said(**ORDER)}\n```", 0, 0),
        ({"threshold": 1}, _said(team="Billing", order="A-1"), 0, 0),
        ({"threshold": 0.6}, _said(team="Billing", order="A-1"), 1, 1),
        ({"weights": {"team": 8}}, _said(team="Billing"), 0.8, 0.8),
        ({"weights": {"team": 8}}, _said(order="A-1", items=[1, 2]), 0.2, 0.2),
        ({"weights": {"team": 8}}, _said(**ORDER), 1, 1),
        ({"weights": {"team": 8}}, _said(**ORDER, note=""), 10 / 11, 10 / 11),
        ({"weights": {"team": 0.5, "order": 0.5}}, _said(team="Billing"), 0.25, 0.25),
        ({"required": ["order"]}, _said(team="Billing", items=[1, 2]), 0, 0),
        ({"required": ["order"]}, _said(order="A-1"), 1 / 3, 1 / 3),
        ({"required": ["order"]}, _said(order="a-1", team="x"), 0, 1 / 3),
        ({"required": ["items"]}, _said(**{**ORDER, "items": [1]}), 0, 0),
        ({"required": []}, "{}", 0, 0),
        (
            {"weights": {"order": 2}, "required": ["team"]},
            _said(team="Billing", order="A-1"),
            0.75,
            0.75,
        ),
    ],
)
def test_json_is_graded_field_by_field(
    options: dict[str, Any], output: str, raw: float, normalized: float
) -> None:
    """Weights shift the mean; a required field that is not wholly right makes it 0."""
    found = grade({"kind": "json", "value": ORDER, **options}, output)
    assert (found.raw, found.normalized) == pytest.approx((raw, normalized))


def test_an_answer_that_agrees_wholly_is_exactly_1_whatever_the_weights() -> None:
    """A critical case fails below 1, and must not by rounding."""
    names = [f"f{n}" for n in range(40)]
    value = dict.fromkeys(names, 1)
    weights = {name: 0.1 + n / 7 for n, name in enumerate(names)}
    expectation = {"kind": "json", "value": value, "weights": weights}
    assert grade(expectation, json.dumps(value)).normalized == 1.0


CALL = {"kind": "tool_call", "name": "refund", "arguments": {"order": "A-1", "days": 14}}
RIGHT = '{"name": "refund", "arguments": {"order": "A-1", "days": 14}}'


@pytest.mark.parametrize(
    ("output", "raw", "normalized"),
    [
        (RIGHT, 1, 1),
        (RIGHT.replace("A-1", "a-1"), 0.5, 1),
        (RIGHT.replace("A-1", "Ａ-１"), 0.5, 1),
        (RIGHT.replace("14", "15"), 0.5, 0.5),
        (RIGHT.replace("14", "14.0"), 1, 1),
        (RIGHT.replace("refund", "cancel"), 0, 0),
        (f"<tool_call>{RIGHT}</tool_call>", 0, 1),
        (f"<tool_call>\n{RIGHT}\n</tool_call>", 0, 1),
        (f"I look it up. <tool_call>{RIGHT}", 0, 1),
        (f"返金します。<tool_call>{RIGHT}</tool_call>", 0, 1),
        (f"<tool_call>{RIGHT}</tool_call><tool_call>{RIGHT}</tool_call>", 0, 0),
        (f"```json\n{RIGHT}\n```", 0, 1),
        (f"{RIGHT} {RIGHT}", 0, 0),
        ('{"name": "refund"}', 0, 0),
        ('{"name": "refund", "parameters": {"order": "A-1", "days": 14}}', 1, 1),
        ('{"name": "refund", "arguments": "{\\"order\\": \\"A-1\\", \\"days\\": 14}"}', 1, 1),
        ('{"name": "refund", "arguments": "no JSON"}', 0, 0),
        ('{"name": "refund", "arguments": [1]}', 0, 0),
        ('{"type": "function", "function": ' + RIGHT + "}", 1, 1),
        ('{"name": "refund", "arguments": {"order": "A-1", "days": 14, "x": 1}}', 2 / 3, 2 / 3),
        ('{"name": "refund", "arguments": {"order": "A-1"}}', 0.5, 0.5),
        ("I refund order A-1.", 0, 0),
        ("", 0, 0),
    ],
)
def test_a_tool_call_is_graded_by_its_arguments(output: str, raw: float, normalized: float) -> None:
    """Another tool, or a second call, is another act."""
    found = grade(CALL, output)
    assert (found.raw, found.normalized) == pytest.approx((raw, normalized))


A, B = {"kind": "contains", "values": ["a"]}, {"kind": "contains", "values": ["b", "c"]}
NOT_A = {"kind": "not", "of": A}


@pytest.mark.parametrize(
    ("kind", "of", "output", "raw", "normalized"),
    [
        ("all", [A, B], "abc", 1, 1),
        ("all", [A, B], "ab", 0.5, 0.5),
        ("all", [A, B], "bc", 0, 0),
        ("all", [A], "A", 0, 1),
        ("all", [A, NOT_A], "a", 0, 0),
        ("all", [NOT_A, B], "bc", 1, 1),
        ("all", [{**A, "strict": True}], "A", 0, 0),
        ("all", [{"kind": "contains", "values": ["猫"]}, A], "猫a", 1, 1),
        ("all", [{"kind": "contains", "values": ["ネコ"]}], "ﾈｺ", 0, 1),
        ("any", [A, B], "a", 1, 1),
        ("any", [A, B], "b", 0.5, 0.5),
        ("any", [A, B], "x", 0, 0),
        ("any", [A, B], "", 0, 0),
        ("any", [A, NOT_A], "whatever", 1, 1),
        ("any", [NOT_A], "a", 0, 0),
        ("not", A, "a", 0, 0),
        ("not", A, "A", 1, 0),
        ("not", A, "x", 1, 1),
        ("not", B, "b", 0.5, 0.5),
        ("not", NOT_A, "a", 1, 1),
        ("not", {"kind": "contains", "values": ["猫"]}, "犬", 1, 1),
        ("not", {**B, "threshold": 1}, "b", 1, 1),
    ],
)
def test_expectations_combine(
    kind: str, of: Any, output: str, raw: float, normalized: float
) -> None:
    """`all` is the worst of its parts, `any` the best, `not` what is missing to 1."""
    found = grade({"kind": kind, "of": of}, output)
    assert (found.raw, found.normalized) == (raw, normalized)


@pytest.mark.parametrize(
    "expectation",
    [
        {"kind": "code", "tests": "assert 1"},
        {"kind": "judge", "rubric": "Is it kind?"},
        {"kind": "all", "of": [A, {"kind": "similarity", "values": ["a"]}]},
    ],
)
def test_what_needs_more_than_the_text_is_not_graded_by_it(expectation: dict[str, Any]) -> None:
    """It is an error of the measuring, never a grade of 0."""
    with pytest.raises(GradingError, match="by the answer's text alone"):
        grade(expectation, "a")
