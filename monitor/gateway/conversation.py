"""What was said to a model and by it, as generative AI spans tell it: three generations of ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from guards import content
from guards.exchange import Message
from monitor.gateway import wire
from monitor.gateway.otlp import Attributes

_Events = Sequence[tuple[str, Attributes]]
_SAID_TO = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of a model, and the word for why it ended, if there is one."""

    text: str = ""
    finish_reason: str | None = None


def inputs(attributes: Attributes, events: _Events) -> tuple[Message, ...]:
    """Return what was said to the model, in order."""
    instructions = _parsed(attributes.get("gen_ai.system_instructions"))
    system = [Message(role="system", content=_text(instructions))] if instructions else []
    for turns in (
        _turns(_parsed(attributes.get("gen_ai.input.messages"))),
        _indexed(attributes, "gen_ai.prompt"),
        _turns(_of_event(events, "gen_ai.content.prompt", "gen_ai.prompt")),
        _of_messages(events),
    ):
        if turns:
            return (*system, *map(_message, turns))
    return tuple(system)


def outputs(attributes: Attributes, events: _Events) -> tuple[Said, ...]:
    """Return what the model said: one for each choice."""
    for turns in (
        _turns(_parsed(attributes.get("gen_ai.output.messages"))),
        _indexed(attributes, "gen_ai.completion"),
        _turns(_of_event(events, "gen_ai.content.completion", "gen_ai.completion")),
        _of_choices(events),
    ):
        if turns:
            return tuple(map(_said, turns))
    return ()


def _message(turn: Attributes) -> Message:
    role = turn.get("role")
    return Message(role=role if isinstance(role, str) else "user", content=_spoken(turn))


def _said(turn: Attributes) -> Said:
    word = turn.get("finish_reason")
    return Said(_spoken(turn), word if isinstance(word, str) and word else None)


def _spoken(turn: Attributes) -> str:
    """Return a turn as text; reasoning is no part of it, calls of tools are lines of JSON."""
    said = turn.get("parts", turn.get("content"))
    return content.joined((_text(said), content.calls(turn.get("tool_calls"))))


def _text(said: Any) -> str:
    if not isinstance(said, list):
        return content.text(said)
    return content.joined(_part(part) for part in said)


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return content.text(part)
    kind = part.get("type")
    if kind == "tool_call":
        return content.call(part.get("name"), part.get("arguments"))
    if kind == "tool_call_response":
        return content.text(part.get("response", part.get("result")))
    if kind == "reasoning":
        return ""
    inner = part.get("content", part.get("text")) if kind == "text" else None
    return inner if isinstance(inner, str) else content.opaque(str(kind), part)


def _parsed(value: Any) -> Any:
    """Return a structured attribute; exporters that have no such thing write it as JSON."""
    if not isinstance(value, str):
        return value
    found = wire.parse(value.encode("utf-8", "replace"))
    return value if found is None else found


def _turns(value: Any) -> list[Attributes]:
    if isinstance(value, str) and value:
        return [{"content": value}]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _indexed(attributes: Attributes, prefix: str) -> list[Attributes]:
    """Return the turns of OpenLLMetry: `PREFIX.0.content`, `PREFIX.0.tool_calls.0.name` and so on."""
    turns: list[Attributes] = []
    for turn in _numbered(attributes, prefix):
        calls = [{"function": call} for call in _numbered(turn, "tool_calls")]
        turns.append({**_structured(turn), "tool_calls": calls})
    return turns


def _numbered(attributes: Attributes, prefix: str) -> list[dict[str, Any]]:
    """Gather what stands under `PREFIX.0.`, `PREFIX.1.`, …, in the order of these numbers."""
    found: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        number, dot, key = name.removeprefix(f"{prefix}.").partition(".")
        if dot and name.startswith(f"{prefix}.") and number.isascii() and number.isdigit():
            found.setdefault(int(number), {})[key] = value
    return [each for _, each in sorted(found.items())]


def _of_event(events: _Events, event: str, attribute: str) -> Any:
    """Return the messages that an event of conventions 1.27 carries as JSON."""
    for name, attributes in events:
        if name == event:
            return _parsed(attributes.get(attribute))
    return None


def _of_messages(events: _Events) -> list[Attributes]:
    """Return the messages of conventions 1.28 to 1.36, an event for each."""
    return [
        {"role": _SAID_TO[name], **_structured(attributes)}
        for name, attributes in events
        if name in _SAID_TO
    ]


def _of_choices(events: _Events) -> list[Attributes]:
    """Return the answers of conventions 1.28 to 1.36, an event for each."""
    found: list[Attributes] = []
    for name, attributes in events:
        if name == "gen_ai.choice":
            message = _parsed(attributes.get("message"))
            inner = message if isinstance(message, dict) else {"content": message}
            found.append(
                {**_structured(attributes), **inner} if message else _structured(attributes)
            )
    return found


def _structured(turn: Attributes) -> dict[str, Any]:
    """Return a turn with its lists as lists. An answer that is JSON itself stays the text it is."""
    said = dict(turn)
    for key in ("content", "tool_calls"):
        parsed = _parsed(said.get(key))
        if isinstance(parsed, list) and all(isinstance(e, dict) and "type" in e for e in parsed):
            said[key] = parsed
    return said
