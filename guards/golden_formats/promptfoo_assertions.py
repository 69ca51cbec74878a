"""Assertions of promptfoo as expectations that grade the very same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from guards.golden_case import GoldenSetError
from guards.golden_formats import fields
from guards.golden_formats.fields import Record

Fill = Callable[[str], str]

_FIELDS = frozenset({"type", "value", "threshold", "weight"})
_SIMILAR = 0.75  # promptfoo's own default
_NEGATED = "not-"


def expectation(assertion: Any, fill: Fill) -> Record:
    """Return the expectation of an assertion. Raises `GoldenSetError` that names its type.

    Args:
        fill: puts variables into a text.
    """
    if not isinstance(assertion, dict) or not isinstance(assertion.get("type"), str):
        raise GoldenSetError("the field 'assert' must be a list of objects with a type")
    fields.only(assertion, _FIELDS)
    kind = assertion["type"]
    if assertion.get("weight", 1) != 1:
        raise GoldenSetError(f"the weight of {kind!r} in 'assert' cannot be carried over: use 1")
    plain = kind.removeprefix(_NEGATED)
    if plain not in _READERS:
        raise GoldenSetError(
            f"the type {kind!r} in 'assert' is not supported; known are "
            f"{', '.join(sorted(_READERS))}, each with not- before it too"
        )
    if "threshold" in assertion and plain != "similar":
        raise GoldenSetError(f"the threshold of {kind!r} in 'assert' cannot be carried over")
    found = _READERS[plain](assertion, fill)
    return {"kind": "not", "of": found} if kind.startswith(_NEGATED) else found


def _equals(assertion: Mapping[str, Any], fill: Fill) -> Record:
    value = assertion.get("value")
    if isinstance(value, dict | list):
        return {"kind": "json", "value": value, "threshold": 1, "strict": True}
    return {"kind": "exact", "value": _text(assertion, fill), "strict": True}


def _contains(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return fields.has_one_of([_text(assertion, fill)])


def _icontains(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return fields.has_one_of([_text(assertion, fill)], caseless=True)


def _contains_any(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return fields.has_one_of(_texts(assertion, fill))


def _icontains_any(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return fields.has_one_of(_texts(assertion, fill), caseless=True)


def _contains_all(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return {"kind": "all", "of": [fields.has_one_of([each]) for each in _texts(assertion, fill)]}


def _icontains_all(assertion: Mapping[str, Any], fill: Fill) -> Record:
    texts = _texts(assertion, fill)
    return {"kind": "all", "of": [fields.has_one_of([each], caseless=True) for each in texts]}


def _starts_with(assertion: Mapping[str, Any], fill: Fill) -> Record:
    return fields.starts_with_one_of([_text(assertion, fill)])


def _regex(assertion: Mapping[str, Any], fill: Fill) -> Record:
    # JavaScript writes (?<name>…) where we write (?P<name>…); what else differs does not compile.
    pattern = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", _text(assertion, fill))
    return {"kind": "regex", "pattern": pattern, "strict": True}


def _is_json(assertion: Mapping[str, Any], _fill: Fill) -> Record:
    schema = assertion.get("value", {})
    if not isinstance(schema, dict):
        raise GoldenSetError(
            "the value of 'is-json' in 'assert' must be a JSON Schema, written out"
        )
    return {"kind": "json_schema", "schema": schema, "strict": True}


def _similar(assertion: Mapping[str, Any], fill: Fill) -> Record:
    texts = _texts(assertion, fill) if isinstance(assertion.get("value"), list) else None
    return {
        "kind": "similarity",
        "values": texts or [_text(assertion, fill)],
        "threshold": assertion.get("threshold", _SIMILAR),
    }


_READERS: Mapping[str, Callable[[Mapping[str, Any], Fill], Record]] = {
    "equals": _equals,
    "contains": _contains,
    "icontains": _icontains,
    "contains-any": _contains_any,
    "icontains-any": _icontains_any,
    "contains-all": _contains_all,
    "icontains-all": _icontains_all,
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "similar": _similar,
}


def _text(assertion: Mapping[str, Any], fill: Fill) -> str:
    value = assertion.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise GoldenSetError(f"the value of {assertion['type']!r} in 'assert' must be a text")
    text = str(value)
    if text.startswith("file://"):
        raise GoldenSetError(f"the value of {assertion['type']!r} in 'assert' names a file")
    return fill(text)


def _texts(assertion: Mapping[str, Any], fill: Fill) -> list[str]:
    values = assertion.get("value")
    if not isinstance(values, list) or not values:
        raise GoldenSetError(f"the value of {assertion['type']!r} in 'assert' must be a list")
    return [_text({**assertion, "value": each}, fill) for each in values]
