"""Grades of answers by their expectation, as is and after normalising.

Both are kept: a grader's strictness alone can turn the sign of a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guards import conformance, jsontext, normalization, overlap, patterns, tokens, tool_calls
from guards.agreement import Same, agreement, same_scalar, weighted
from guards.expectation import COMBINED, WORLDLY, GradingError, check_expectation, parts
from guards.normalization import folded, squad, unfenced
from guards.tool_calls import ToolCall

Expectation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How well an answer does, each in [0, 1].

    Args:
        raw: of the answer as it is.
        normalized: after normalising what the kind of expectation forgives.
        standard_error: of `normalized`, where it is a mean over repeats.
    """

    raw: float
    normalized: float
    standard_error: float | None = None


def grade(expectation: Expectation, output: str) -> Grade:
    """Grade an answer by an expectation as `check_expectation` describes it.

    Raises:
        GradingError: if the expectation cannot be used, also where that shows only on this
            answer (a pattern that takes too long on it), or if its kind needs more than the
            answer's text.
    """
    check_expectation(expectation)
    kind = expectation["kind"]
    if kind in WORLDLY:
        raise GradingError(f"{kind} cannot be graded by the answer's text alone")
    if kind in COMBINED:
        return combined(expectation, [grade(part, output) for part in parts(expectation)])
    try:
        return passed(expectation, _GRADERS[kind](expectation, output))
    except (patterns.PatternError, conformance.UnusableSchema) as error:
        raise GradingError(str(error)) from error


def passed(expectation: Expectation, found: Grade) -> Grade:
    """Return a grade as the expectation wants it: by a threshold 1 or 0, strict without normalising."""
    if expectation.get("strict"):
        found = replace(found, normalized=found.raw)
    line = expectation.get("threshold")
    if line is None:
        return found
    return replace(found, raw=float(found.raw >= line), normalized=float(found.normalized >= line))


def combined(expectation: Expectation, grades: Sequence[Grade]) -> Grade:
    """Return the grade of `all` (the worst), `any` (the best) or `not` (what is missing to 1)."""
    raw = [each.raw for each in grades]
    normalized = [each.normalized for each in grades]
    match expectation["kind"]:
        case "all":
            return Grade(raw=min(raw), normalized=min(normalized))
        case "any":
            return Grade(raw=max(raw), normalized=max(normalized))
        case _:
            return Grade(raw=1.0 - raw[0], normalized=1.0 - normalized[0])


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
    return Grade(
        raw=_json_agreement(expectation, output, same_scalar),
        normalized=_json_agreement(expectation, unfenced(output), _same_folded),
    )


def _json_schema(expectation: Expectation, output: str) -> Grade:
    schema = jsontext.canonical(expectation["schema"])
    return Grade(raw=_accepted(schema, output), normalized=_accepted(schema, unfenced(output)))


def _tool_call(expectation: Expectation, output: str) -> Grade:
    wanted = tool_calls.ToolCall(
        name=expectation["name"], arguments=expectation.get("arguments", {})
    )
    bare = tool_calls.bare(output)
    calls = tool_calls.within(unfenced(output))
    return Grade(
        raw=0.0 if bare is None else _call_agreement(wanted, bare, same_scalar),
        # A second call does what nobody asked for.
        normalized=_call_agreement(wanted, calls[0], _same_folded) if len(calls) == 1 else 0.0,
    )


def _token_f1(expectation: Expectation, output: str) -> Grade:
    values = expectation["values"]
    return Grade(
        raw=overlap.best(overlap.f1, tokens.as_written, output, values),
        normalized=overlap.best(overlap.f1, _squad_tokens, output, values),
    )


def _rouge_l(expectation: Expectation, output: str) -> Grade:
    values = expectation["values"]
    return Grade(
        raw=overlap.best(overlap.rouge_l, tokens.as_written, output, values),
        normalized=overlap.best(overlap.rouge_l, tokens.words, output, values),
    )


def _chrf(expectation: Expectation, output: str) -> Grade:
    values, order = expectation["values"], expectation.get("word_order", 0)
    folded_values = list(map(_caseless, values))
    return Grade(
        raw=overlap.chrf(output, values, word_order=order),
        normalized=overlap.chrf(_caseless(output), folded_values, word_order=order),
    )


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
    "tool_call": _tool_call,
    "token_f1": _token_f1,
    "rouge_l": _rouge_l,
    "chrf": _chrf,
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


def _json_agreement(expectation: Expectation, text: str, same: Same) -> float:
    value = expectation["value"]
    try:
        actual = jsontext.parse(text)
    except ValueError:
        return 0.0
    if isinstance(value, dict):
        weights, required = expectation.get("weights"), expectation.get("required", ())
        return weighted(value, actual, same, weights, required)
    return agreement(value, actual, same)


def _call_agreement(wanted: ToolCall, call: ToolCall, same: Same) -> float:
    """Return how well the arguments agree; another tool is another act."""
    return weighted(wanted.arguments, call.arguments, same) if call.name == wanted.name else 0.0


def _squad_tokens(text: str) -> list[str]:
    return tokens.without_punctuation(tokens.as_written(squad(text)))


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
