"""Golden cases, their results, and how a set of them is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from guards import jsontext
from guards.exchange import Message
from guards.expectation import GradingError, check_expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """One case of a regression test set.

    Args:
        id: unique within the set.
        expectation: `{"kind": "json", "value": {...}}` and the like; see `guards.expectation`.
        slice: group that is reported by itself.
        weight: 1: the e-value of a run is about the unweighted mean.
        critical: whether a failure of this case alone refuses a version.
        tools: descriptions of the functions that the model may call, as OpenAI writes them.
        context: texts that the answer must keep to, for a judge; the model sees the messages alone.
    """

    id: str
    messages: tuple[Message, ...]
    expectation: Mapping[str, Any]
    slice: str = ""
    weight: float = 1.0
    critical: bool = False
    tools: tuple[Mapping[str, Any], ...] = ()
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenResult:
    """What one version answered to one case. Grades in [0, 1]: as is, and after normalising.

    Args:
        standard_error: of `grade`, where it is a mean over repeats.
    """

    case_id: str
    output: str
    raw: float
    grade: float
    latency_s: float
    error: str | None = None
    standard_error: float | None = None


class GoldenSetError(ValueError):
    """A golden set cannot be used; the message names the lines and what to do about them."""


_FIELDS = {
    "id",
    "prompt",
    "messages",
    "expect",
    "expectation",
    "slice",
    "weight",
    "critical",
    "tools",
    "context",
}
_RARE = ("tools", "context")
_MOST_PROBLEMS = 10

Kind = TypeVar("Kind")


def parse_cases(text: str) -> tuple[GoldenCase, ...]:
    """Read golden cases from JSON Lines; blank lines are passed over.

    Each line has `id`, `prompt` (raw text) or `messages`, and `expect` or `expectation` (a text
    alone is expected exactly); `slice`, `weight` and `critical` may be missing.

    Raises:
        GoldenSetError: if any line cannot be used; nothing is returned of a set in part.
    """
    cases: dict[str, GoldenCase] = {}
    lines: dict[str, int] = {}
    problems: list[str] = []
    # Not splitlines: it also splits at characters that may stand inside a JSON text.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            case = _parse_case(line)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if case.id in cases:
            problems.append(
                f"line {number}: the id {case.id!r} is that of line {lines[case.id]} too: "
                "give each case its own"
            )
        cases[case.id] = case
        lines.setdefault(case.id, number)
    _refuse(problems, cases)
    return tuple(cases.values())


def set_digest(cases: Sequence[GoldenCase]) -> str:
    """Return the SHA-256 (hexadecimal) of the cases' canonical JSON, whatever their order."""
    described = [_described(case) for case in sorted(cases, key=lambda case: case.id)]
    return hashlib.sha256(
        jsontext.canonical(described).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _described(case: GoldenCase) -> dict[str, Any]:
    """Return a case's content; what few cases have is left out, so that other sets keep theirs."""
    fields = asdict(case)
    return {name: fields[name] for name in fields if fields[name] or name not in _RARE}


def _refuse(problems: Sequence[str], cases: Mapping[str, GoldenCase]) -> None:
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        shown = "; ".join(problems[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        raise GoldenSetError(f"nothing was imported: {shown}")
    if not cases:
        raise GoldenSetError("there is no case in it: write one JSON object a line")


def _parse_case(line: str) -> GoldenCase:
    record = _parse_object(line)
    unknown = sorted(record.keys() - _FIELDS)
    if unknown:
        raise GoldenSetError(f"unknown field {unknown[0]!r}: use {', '.join(sorted(_FIELDS))}")
    return GoldenCase(
        id=_parse_id(record.get("id")),
        messages=_parse_messages(record),
        expectation=_parse_expectation(record),
        slice=_parse_typed(record, "slice", str, "", "a text"),
        weight=_parse_weight(record.get("weight", 1.0)),
        critical=_parse_typed(record, "critical", bool, False, "true or false"),
        tools=_parse_tools(record),
        context=_parse_context(record.get("context", [])),
    )


def _parse_object(line: str) -> dict[str, Any]:
    try:
        record = jsontext.parse(line)
    except ValueError as error:
        raise GoldenSetError(f"no JSON ({error}): write one JSON object a line") from error
    if not isinstance(record, dict):
        raise GoldenSetError("no JSON object: write one JSON object a line")
    return record


def _parse_id(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise GoldenSetError("no id: give the case a name that stays, as a text")
    return value


def _parse_messages(record: Mapping[str, Any]) -> tuple[Message, ...]:
    if ("prompt" in record) == ("messages" in record):
        raise GoldenSetError("give either prompt or messages")
    if "prompt" in record:
        return (Message(role="prompt", content=_parse_typed(record, "prompt", str, "", "a text")),)
    turns = record["messages"]
    if not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)):
        raise GoldenSetError('messages must be a list of {"role": text, "content": text}')
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in turns)


def _is_turn(turn: Any) -> bool:
    return (
        isinstance(turn, dict)
        and turn.keys() == {"role", "content"}
        and all(isinstance(value, str) for value in turn.values())
    )


def _parse_tools(record: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    tools = record.get("tools", [])
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        raise GoldenSetError(
            'tools must be a list of {"type": "function", "function": {"name": text, …}}'
        )
    if tools and "prompt" in record:
        raise GoldenSetError("tools need messages: a raw prompt has no place for them")
    return tuple(tools)


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _parse_context(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise GoldenSetError("context must be a text or a list of texts")
    return tuple(texts)


def _parse_expectation(record: Mapping[str, Any]) -> Mapping[str, Any]:
    if ("expect" in record) == ("expectation" in record):
        raise GoldenSetError("give either expect or expectation")
    value = record["expect"] if "expect" in record else record["expectation"]
    expectation = {"kind": "exact", "value": value} if isinstance(value, str) else value
    if not isinstance(expectation, dict):
        raise GoldenSetError('the expectation must be a text or {"kind": …}')
    try:
        check_expectation(expectation)
    except GradingError as error:
        raise GoldenSetError(str(error)) from error
    return expectation


def _parse_weight(value: Any) -> float:
    if not jsontext.is_number(value) or value != 1:
        raise GoldenSetError(
            "weight must be 1, for every case counts the same: leave it out, or mark a case "
            "that must not fail as critical"
        )
    return float(value)


def _parse_typed(
    record: Mapping[str, Any], name: str, kind: type[Kind], default: Kind, wanted: str
) -> Kind:
    value = record.get(name, default)
    if not isinstance(value, kind):
        raise GoldenSetError(f"{name} must be {wanted}")
    return value
