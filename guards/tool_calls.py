"""Calls of tools in an answer, however a model or its server writes them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guards import jsontext

_MARKED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call: the tool's name and its arguments."""

    name: str
    arguments: Mapping[str, Any]


def bare(text: str) -> ToolCall | None:
    """Return the call that a whole text is: `{"name": …, "arguments": {…}}`, else `None`."""
    try:
        return _read(jsontext.parse(text))
    except ValueError:
        return None


def within(text: str) -> tuple[ToolCall, ...]:
    """Return the calls that stand in `<tool_call>` marks, or the one that the whole text is."""
    marked = _MARKED.findall(text) or [text]
    return tuple(call for call in map(bare, marked) if call is not None)


def _read(value: Any) -> ToolCall | None:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]  # as OpenAI writes it
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = jsontext.parse(arguments)
    return (
        ToolCall(name=value["name"], arguments=arguments) if isinstance(arguments, dict) else None
    )
