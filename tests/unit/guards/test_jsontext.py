"""Strict JSON text."""

from __future__ import annotations

from typing import Any

import pytest

from guards import jsontext


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": -Infinity}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    """Python's own leniency (NaN) and endless nesting are refused as one kind of error."""
    with pytest.raises(ValueError):  # noqa: PT011  the message is the parser's own
        jsontext.parse(text)


def test_equal_values_have_equal_canonical_text() -> None:
    """The order of keys does not matter; the order of a list does."""
    assert jsontext.canonical({"a": 1, "b": 2}) == jsontext.canonical({"b": 2, "a": 1})
    assert jsontext.canonical([1, 2]) != jsontext.canonical([2, 1])


def test_a_value_nested_too_deeply_has_no_canonical_text() -> None:
    """Hostile nesting ends with a ValueError instead of a crash."""
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="nested too deeply"):
        jsontext.canonical(value)
