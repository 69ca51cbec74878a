"""Conformance of answers to their schemas."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from guards import conformance
from guards.conformance import Conformance
from tests.unit.guards.samples import TICKET, exchange


def _of(output: str, schema: Any) -> Conformance:
    return conformance.of(exchange(output, response_schema=schema))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"team": "orders", "order": "A-7"}', Conformance.VALID),
        ('{"team": "orders", "order": "B-7"}', Conformance.VIOLATED),
        ('{"team": "orders", "order": "A-7", "more": 1}', Conformance.VIOLATED),
        ('```json\n{"team": "orders", "order": "A-7"}\n```', Conformance.BROKEN),
        ('{"team": "orders", "order": NaN}', Conformance.BROKEN),
        ("", Conformance.BROKEN),
    ],
)
def test_an_answer_is_checked_as_it_is(output: str, expected: Conformance) -> None:
    """Nothing is stripped before checking: callers parse the bare answer."""
    assert _of(output, TICKET) is expected


def test_without_a_schema_there_is_nothing_to_conform_to() -> None:
    """Free text is neither valid nor invalid."""
    assert _of("{", None) is Conformance.UNDECLARED


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"type": "object", "patternProperties": {"(a+)+$": {}}},
        {"properties": {"a": {"pattern": "("}}},
    ],
)
def test_a_schema_that_cannot_be_used_proves_nothing(schema: dict[str, Any]) -> None:
    """The measuring broke, not the answer; nothing is fetched from elsewhere."""
    assert _of('{"a": "b"}', schema) is Conformance.UNUSABLE


def test_a_schema_nested_without_end_proves_nothing() -> None:
    """Hostile nesting of a caller's schema is unusable, not a crash."""
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"not": schema}
    assert _of("{}", schema) is Conformance.UNUSABLE


def test_an_older_draft_is_honoured() -> None:
    """`$schema` names the draft: in draft 4 exclusiveMinimum is a flag."""
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "minimum": 1,
        "exclusiveMinimum": True,
    }
    assert _of("1", schema) is Conformance.VIOLATED


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([1, 2, True, "1", None], Conformance.VALID),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], Conformance.VIOLATED),
        ([0, False, [0], [False]], Conformance.VALID),
        ([{}, {}], Conformance.VIOLATED),
    ],
)
def test_items_are_unique_by_their_value(items: list[Any], expected: Conformance) -> None:
    """The order of keys and the form of a whole number do not matter; false is not 0."""
    assert _of(json.dumps(items), {"uniqueItems": True}) is expected


def test_unique_items_take_time_linear_in_their_number() -> None:
    """Four thousand objects that cannot be sorted are compared by their text."""
    items = json.dumps([{"a": number} for number in range(4_000)])
    started = time.process_time()
    assert _of(items, {"uniqueItems": True}) is Conformance.VALID
    assert time.process_time() - started < 1


def test_an_answer_that_takes_too_many_steps_proves_nothing() -> None:
    """A small schema can ask for work that doubles with each level."""
    definitions: dict[str, Any] = {
        f"s{level}": {"allOf": [{"$ref": f"#/$defs/s{level + 1}"}] * 2} for level in range(20)
    }
    schema = {"$defs": {**definitions, "s20": {"type": "string"}}, "$ref": "#/$defs/s0"}
    assert _of('"a"', schema) is Conformance.UNUSABLE
