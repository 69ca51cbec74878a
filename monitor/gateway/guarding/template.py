"""The usual event of a stream, which differs from the one before it in nothing but its text.

Reading and writing JSON costs several times what the guards do. So an event that was read once serves
as a template: whatever has the same bytes around the text is read without a parser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_MARK = "\u2060backstop\u2060"  # stands where the text will
_MARKED = json.dumps(_MARK, ensure_ascii=False).encode()
_QUOTE, _BACKSLASH = b'"', b"\\"
encode = msgspec.json.Encoder().encode
decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Template:
    """An event with a place for its text.

    Args:
        index: of the choice that the text belongs to.
        before, behind: the engine's bytes around the text; opening, closing: those of the caller.
    """

    index: int
    before: bytes
    behind: bytes
    opening: bytes
    closing: bytes

    def text_in(self, data: bytes) -> str | None:
        """Return the text of an event, `None` if it is none of this kind, or not plainly written."""
        if not (data.startswith(self.before) and data.endswith(self.behind)):
            return None
        raw = data[len(self.before) : len(data) - len(self.behind)]
        if _QUOTE in raw or _BACKSLASH in raw:
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return None
        return text if text.isprintable() else None

    def event(self, text: str) -> bytes:
        """Return the event with another text, as the caller gets it."""
        return self.opening + encode(text) + self.closing


def learned(data: bytes, source: Mapping[str, Any], out: Mapping[str, Any]) -> Template | None:
    """Return the template of an event, or `None` where it holds more than a piece of a text.

    Args:
        data: of the event; source: what was read of it; out: what goes on of it.
    """
    if len(out["choices"]) != 1:
        return None
    (choice,) = out["choices"]
    if choice["finish_reason"] is not None or choice["logprobs"] is not None:
        return None
    marked = _with_text(out, _MARK)
    text = _text_of(source)
    if marked is None or not text:
        return None
    quoted = encode(text)
    before, found, behind = data.partition(quoted)
    # The engine may write the text otherwise, and the same words may stand elsewhere: look.
    if not found or _read(before + _MARKED + behind) != _with_text(source, _MARK):
        return None
    opening, _, closing = encode(marked).partition(encode(_MARK))
    head = b"data: " + opening
    return Template(choice["index"], before + _QUOTE, _QUOTE + behind, head, closing + b"\n\n")


def _read(data: bytes) -> Any:
    try:
        return decode(data)
    except (ValueError, RecursionError):
        return None


def _text_of(event: Mapping[str, Any]) -> str | None:
    """Return the text of an event that has one, and nothing else that guards would have to read."""
    choices = event.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or choices[0].get("logprobs") is not None:
        return None
    said = choices[0].get("delta")
    if said is None:
        text = choices[0].get("text")
    else:
        others = [value for key, value in said.items() if key != "content"]
        text = None if any(others) else said.get("content")
    return text if isinstance(text, str) else None


def _with_text(event: Mapping[str, Any], text: str) -> dict[str, Any] | None:
    """Return an event with another text, `None` if it has no place for one."""
    (choice,) = event["choices"]
    if "text" in choice:
        changed = {**choice, "text": text}
    elif list(choice["delta"]) == ["content"] or choice["delta"].get("content"):
        changed = {**choice, "delta": {**choice["delta"], "content": text}}
    else:
        return None
    return {**event, "choices": [changed]}
