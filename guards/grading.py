"""Grades of answers by their expectation, as is and after normalising.

Both are kept: a grader's strictness alone can turn the sign of a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guards import conformance, jsontext, normalization, patterns
from guards.agreement import agreement, same_scalar
from guards.expectation import GradingError, check_expectation
from guards.normalization import folded, squad, unfenced

Expectation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How well an answer does, each in [0, 1].

    Args:
        raw: of the answer as it is.
        normalized: after normalising what the kind of expectation forgives.
    """

    raw: float
    normalized: float


def grade(expectation: Expectation, output: str) -> Grade:
    """Grade an answer by an expectation as `check_expectation` describes it.

    Raises:
        GradingError: if the expectation cannot be used, also where that shows only on this
            answer (a pattern that takes too long on it).
    """
    check_expectation(expectation)
    try:
        return _GRADERS[expectation["kind"]](expectation, output)
    except (patterns.PatternError, conformance.UnusableSchema) as error:
        raise GradingError(str(error)) from error


def _exact(expectation: Expectation, output: str) -> Grade:
    value = expectation["value"]
    return Grade(raw=float(output == value), normalized=float(folded(output) == folded(value)))


def _normalized(expectation: Expectation, output: str) -> Grade:
    value = expectation["value"]
    return Grade(raw=float(output == value), normalized=float(squad(output) == squad(value)))


def _one_of(expectation: Expectation, output: str) -> Grade:
    values = expectation["values"]
    normalized = squad(output) in map(squad, values)
    return Grade(raw=float(output in values), normalized=float(normalized))


def _regex(expectation: Expectation, output: str) -> Grade:
    pattern, whole = expectation["pattern"], expectation.get("whole", False)
    return Grade(
        raw=float(patterns.found(pattern, output, whole=whole)),
        normalized=float(patterns.found(pattern, folded(output), whole=whole)),
    )


def _contains(expectation: Expectation, output: str) -> Grade:
    values = expectation["values"]
    return Grade(
        raw=_share_within(values, output),
        normalized=_share_within(list(map(_caseless, values)), _caseless(output)),
    )


def _excludes(expectation: Expectation, output: str) -> Grade:
    values = expectation["values"]
    return Grade(
        raw=float(_share_within(values, output) == 0),
        normalized=float(_share_within(list(map(_caseless, values)), _caseless(output)) == 0),
    )


def _number(expectation: Expectation, output: str) -> Grade:
    value, tolerance = expectation["value"], expectation.get("tolerance", 0)

    def near(number: float | None) -> float:
        return float(number is not None and abs(number - value) <= tolerance)

    return Grade(raw=near(_as_number(output)), normalized=near(normalization.last_number(output)))


def _json(expectation: Expectation, output: str) -> Grade:
    value = expectation["value"]
    return Grade(
        raw=_json_agreement(value, output, same_scalar),
        normalized=_json_agreement(value, unfenced(output), _same_folded),
    )


def _json_schema(expectation: Expectation, output: str) -> Grade:
    schema = jsontext.canonical(expectation["schema"])
    return Grade(raw=_accepted(schema, output), normalized=_accepted(schema, unfenced(output)))


_GRADERS: Mapping[str, Callable[[Expectation, str], Grade]] = {
    "exact": _exact,
    "normalized": _normalized,
    "one_of": _one_of,
    "regex": _regex,
    "contains": _contains,
    "excludes": _excludes,
    "number": _number,
    "json": _json,
    "json_schema": _json_schema,
}


def _share_within(values: Sequence[str], text: str) -> float:
    return sum(value in text for value in values) / len(values)


def _caseless(text: str) -> str:
    return folded(text).casefold()


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _json_agreement(value: Any, text: str, same: Callable[[Any, Any], bool]) -> float:
    try:
        return agreement(value, jsontext.parse(text), same)
    except ValueError:
        return 0.0


def _same_folded(expected: Any, actual: Any) -> bool:
    if isinstance(expected, str) and isinstance(actual, str):
        return _caseless(expected) == _caseless(actual)
    return same_scalar(expected, actual)


def _accepted(schema: str, text: str) -> float:
    try:
        return float(conformance.accepts(jsontext.parse(text), schema))
    except conformance.UnusableSchema:
        raise
    except ValueError:
        return 0.0
