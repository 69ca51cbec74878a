"""Conformance of answers to their schemas."""

from __future__ import annotations

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
