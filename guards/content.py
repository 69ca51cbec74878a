"""The content of messages as one text, whatever parts it has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec


def text(content: Any) -> str:
    """Return the text of a message's content: of a string, or of a list of parts.

    A part that is no text (an image, say) becomes its type and a digest, so that two prompts with
    different pictures are different prompts.

    >>> text([{"type": "text", "text": "What is "}, "this?"])
    'What is this?'
    """
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(_part, content))
    return "" if content is None else opaque("content", content)


def opaque(kind: str, value: Any) -> str:
    """Return a name for something that is no text: equal for equal values.

    >>> opaque("token ids", [1, 2])
    '[token ids 44cc0b43]'
    """
    digest = hashlib.blake2b(encoded(value).encode(), digest_size=4).hexdigest()
    return f"[{kind} {digest}]"


def calls(tool_calls: Any, function_call: Any = None) -> str:
    r"""Return calls of tools as JSON Lines, the arguments as the model wrote them.

    >>> calls([{"function": {"name": "find", "arguments": '{"order": 7}'}}])
    '{"tool":"find","arguments":{"order": 7}}'
    """
    called = tool_calls if isinstance(tool_calls, list) else []
    functions = [call.get("function") for call in called if isinstance(call, dict)]
    return "\n".join(
        call(each.get("name"), each.get("arguments"))
        for each in (*functions, function_call)
        if isinstance(each, dict)
    )


def call(name: Any, arguments: Any) -> str:
    """Return one call of a tool as a line of JSON; arguments that are no JSON stand as a string."""
    raw = arguments if isinstance(arguments, str) else encoded(arguments)
    shown = raw if _is_json(raw) else encoded(raw)
    return f'{{"tool":{encoded(name)},"arguments":{shown}}}'


def joined(parts: Iterable[str]) -> str:
    """Return the parts that are not empty, each on lines of its own."""
    return "\n".join(filter(None, parts))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        for key in ("text", "refusal"):
            if isinstance(part.get(key), str):
                return str(part[key])
        return opaque(str(part.get("type")), part)
    return opaque("part", part)


def encoded(value: Any) -> str:
    """Return a parsed value as JSON; what cannot be written (nested too deeply) becomes null."""
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, UnicodeEncodeError):
        return "null"


def _is_json(raw: str) -> bool:
    try:
        msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return False
    return "\n" not in raw
