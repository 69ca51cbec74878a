"""Expectations: what a golden case asks of an answer, as people write it, and its checks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from guards import conformance, jsontext, patterns


class GradingError(ValueError):
    """An expectation cannot be used; the message says why and what to write instead."""


Check = Callable[[Any], str]  # what is wrong with a value, or nothing


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a text"


def _texts(value: Any) -> str:
    good = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
    return "" if good else "must be a list of at least one text"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _number(value: Any) -> str:
    return "" if jsontext.is_number(value) else "must be a number"


def _tolerance(value: Any) -> str:
    return _number(value) or ("" if value >= 0 else "must not be negative")


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a regular expression"
    try:
        patterns.compiled_pattern(value)
    except patterns.PatternError as error:
        return f"cannot be used: {error}"
    return ""


def _schema(value: Any) -> str:
    if not isinstance(value, dict):
        return "must be a JSON Schema"
    try:
        conformance.accepts(None, jsontext.canonical(value))
    except conformance.UnusableSchema as error:
        return f"cannot be used: {error}"
    return ""


def _anything(_value: Any) -> str:
    return ""


_REQUIRED: Mapping[str, Mapping[str, Check]] = {
    "exact": {"value": _text},
    "normalized": {"value": _text},
    "one_of": {"values": _texts},
    "regex": {"pattern": _pattern},
    "contains": {"values": _texts},
    "excludes": {"values": _texts},
    "number": {"value": _number},
    "json": {"value": _anything},
    "json_schema": {"schema": _schema},
}
_OPTIONAL: Mapping[str, Mapping[str, Check]] = {
    "regex": {"whole": _flag},
    "number": {"tolerance": _tolerance},
}
KINDS = tuple(_REQUIRED)


def check_expectation(expectation: Mapping[str, Any]) -> None:
    """Check that an expectation can be graded by. Raises `GradingError`.

    Kinds and their fields: `exact` and `normalized` (value), `one_of` (values), `regex` (pattern,
    whole: false), `contains` and `excludes` (values), `number` (value, tolerance: 0), `json`
    (value), `json_schema` (schema).
    """
    if "kind" not in expectation:
        raise GradingError(f"an expectation needs a kind: one of {', '.join(KINDS)}")
    kind = expectation["kind"]
    if kind not in KINDS:
        raise GradingError(f"{kind!r} is no kind of expectation{_nearest(kind, KINDS)}")
    required, optional = _REQUIRED[kind], _OPTIONAL.get(kind, {})
    for name in expectation.keys() - {"kind"}:
        if name not in required and name not in optional:
            known = (*required, *optional)
            raise GradingError(f"{kind} has no field {name!r}{_nearest(name, known)}")
    for name, check in {**required, **optional}.items():
        if name in expectation:
            _check_field(kind, name, check(expectation[name]))
        elif name in required:
            raise GradingError(f"{kind} needs the field {name!r}")


def _check_field(kind: str, name: str, wrong: str) -> None:
    if wrong:
        raise GradingError(f"{kind}: the field {name!r} {wrong}")


def _nearest(name: object, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f": do you mean {near[0]!r}?" if near else f": use one of {', '.join(names)}"
