"""Expectations: what a golden case asks of an answer, as people write it, and its checks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from guards import expectation_fields as fields
from guards.expectation_fields import Check


class GradingError(ValueError):
    """An expectation cannot be used; the message says why and what to write instead."""


_REQUIRED: Mapping[str, Mapping[str, Check]] = {
    "exact": {"value": fields.text},
    "normalized": {"value": fields.text},
    "one_of": {"values": fields.texts},
    "regex": {"pattern": fields.pattern},
    "contains": {"values": fields.texts},
    "excludes": {"values": fields.texts},
    "number": {"value": fields.number},
    "json": {"value": fields.anything},
    "json_schema": {"schema": fields.schema},
    "tool_call": {"name": fields.filled},
    "token_f1": {"values": fields.texts},
    "rouge_l": {"values": fields.texts},
    "chrf": {"values": fields.texts},
    "similarity": {"values": fields.texts},
    "reference_logprob": {"value": fields.filled},
    "multiple_choice": {"values": fields.choices, "value": fields.text},
    "code": {"tests": fields.filled},
    "judge": {"rubric": fields.filled},
    "all": {"of": fields.expectations},
    "any": {"of": fields.expectations},
    "not": {"of": fields.expectation},
}
_OPTIONAL: Mapping[str, Mapping[str, Check]] = {
    "exact": {"strict": fields.flag},
    "regex": {"whole": fields.flag, "strict": fields.flag},
    "contains": {"strict": fields.flag, "threshold": fields.threshold},
    "excludes": {"strict": fields.flag},
    "json_schema": {"strict": fields.flag},
    "number": {"tolerance": fields.tolerance},
    "json": {
        "weights": fields.weights,
        "required": fields.names,
        "threshold": fields.threshold,
        "strict": fields.flag,
    },
    "tool_call": {"arguments": fields.object_},
    "token_f1": {"threshold": fields.threshold},
    "rouge_l": {"threshold": fields.threshold},
    "chrf": {"word_order": fields.word_order, "threshold": fields.threshold},
    "similarity": {"threshold": fields.threshold},
    "reference_logprob": {"threshold": fields.threshold},
    "code": {"before": fields.text, "limit_s": fields.limit_s},
    "judge": {
        "reference": fields.text,
        "scale": fields.scale,
        "repeats": fields.repeats,
        "threshold": fields.threshold,
    },
}
_TOGETHER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json": fields.known_fields,
    "multiple_choice": fields.one_choice,
}
KINDS = tuple(_REQUIRED)
COMBINED = frozenset({"all", "any", "not"})
LIKELIHOODS = frozenset({"reference_logprob", "multiple_choice"})  # no answer is written for them
WORLDLY = LIKELIHOODS | {"similarity", "code", "judge"}  # more is needed than the answer's text


_DEEPEST = 4  # expectations within expectations


def check_expectation(expectation: Mapping[str, Any], *, depth: int = 0) -> None:
    """Check that an expectation can be graded by. Raises `GradingError`.

    The kinds with their fields are in `docs/golden.md`.
    """
    if "kind" not in expectation:
        raise GradingError(f"an expectation needs a kind: one of {', '.join(KINDS)}")
    kind = expectation["kind"]
    if kind not in KINDS:
        raise GradingError(f"{kind!r} is no kind of expectation{_nearest(kind, KINDS)}")
    _check_fields(kind, expectation)
    wrong = _TOGETHER[kind](expectation) if kind in _TOGETHER else ""
    if wrong:
        raise GradingError(f"{kind}: {wrong}")
    if depth == _DEEPEST and kind in COMBINED:
        raise GradingError(f"expectations are nested more than {_DEEPEST} deep: write it flatter")
    for part in parts(expectation):
        check_expectation(part, depth=depth + 1)


def parts(expectation: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the expectations that one combines; none for one that stands alone."""
    if expectation["kind"] not in COMBINED:
        return ()
    of = expectation["of"]
    return of if isinstance(of, list) else [of]


def _check_fields(kind: str, expectation: Mapping[str, Any]) -> None:
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
