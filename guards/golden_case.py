"""A golden case, and the JSON object that people write it as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from guards import jsontext
from guards.exchange import Message
from guards.expectation import GradingError, check_expectation

MOST_TOKENS = 16_384  # of an answer
_RAW = "prompt"  # the role of raw text


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
        stop: strings that end the answer and are no part of it.
        max_tokens: of the answer; `None` leaves it to the run.
    """

    id: str
    messages: tuple[Message, ...]
    expectation: Mapping[str, Any]
    slice: str = ""
    weight: float = 1.0
    critical: bool = False
    tools: tuple[Mapping[str, Any], ...] = ()
    context: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None


class GoldenSetError(ValueError):
    """A golden set cannot be used; the message names the lines and what to do about them."""


_RARE = ("tools", "context", "stop", "max_tokens")
_FIELDS = {
    "id",
    "prompt",
    "messages",
    "expect",
    "expectation",
    "slice",
    "weight",
    "critical",
    *_RARE,
}

Kind = TypeVar("Kind")


def case_of(record: Mapping[str, Any]) -> GoldenCase:
    """Return the case that an object describes. Raises `GoldenSetError`."""
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
        context=_parse_texts(record, "context"),
        stop=_parse_texts(record, "stop"),
        max_tokens=_parse_max_tokens(record.get("max_tokens")),
    )


def record_of(case: GoldenCase) -> dict[str, Any]:
    """Return the object that describes a case; what few cases have is left out where it is empty."""
    turns = [{"role": each.role, "content": each.content} for each in case.messages]
    raw = len(turns) == 1 and turns[0]["role"] == _RAW
    asked = {"prompt": turns[0]["content"]} if raw else {"messages": turns}
    fields = {
        "expectation": dict(case.expectation),
        "slice": case.slice,
        "critical": case.critical,
        "tools": list(case.tools),
        "context": list(case.context),
        "stop": list(case.stop),
        "max_tokens": case.max_tokens,
    }
    return {"id": case.id, **asked, **{name: value for name, value in fields.items() if value}}


def rare_left_out(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description without the rare fields that are empty, so that digests stay."""
    return {name: value for name, value in described.items() if value or name not in _RARE}


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


def _parse_texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise GoldenSetError(f"{name} must be a text or a list of texts, none of them empty")
    return tuple(texts)


def _parse_max_tokens(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_TOKENS:
        raise GoldenSetError(f"max_tokens must be a whole number from 1 to {MOST_TOKENS}")
    return value


def _parse_typed(
    record: Mapping[str, Any], name: str, kind: type[Kind], default: Kind, wanted: str
) -> Kind:
    value = record.get(name, default)
    if not isinstance(value, kind):
        raise GoldenSetError(f"{name} must be {wanted}")
    return value
