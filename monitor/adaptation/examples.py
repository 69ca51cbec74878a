"""Training examples: turns and the answer to learn, read from JSON Lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guards.exchange import Message
from monitor.errors import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingExample:
    """One prompt with the answer to learn; a single message of role `prompt` is raw text.

    A classifier's example is a raw text with its label as the answer.
    """

    messages: tuple[Message, ...]
    completion: str

    @property
    def prompt(self) -> str:
        """What is asked, as one text."""
        return "\n".join(message.content for message in self.messages)


def read_examples(path: Path) -> Sequence[TrainingExample]:
    """Read examples from a JSON Lines file.

    Each line is `{"messages": [{"role", "content"}, ...], "completion": "..."}`,
    `{"prompt": "...", "completion": "..."}` or, for a classifier, `{"text": "...", "label":
    "..."}`. Blank lines are left out.

    Raises:
        BadRequest: if the file cannot be read, or a line is malformed (named by its number).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path}: cannot read training examples: {error}") from error
    lines = enumerate(text.split("\n"), start=1)
    return [_parse(line, f"{path}, line {number}") for number, line in lines if line.strip()]


def _parse(line: str, where: str) -> TrainingExample:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{where}: not JSON ({error.msg} at column {error.colno})") from error
    if isinstance(row, dict) and "label" in row and "completion" not in row:
        row = {"prompt": row.get("text"), "completion": row["label"]}
    if not isinstance(row, dict) or not isinstance(row.get("completion"), str):
        near = _nearest(row, "completion")
        raise BadRequest(f"{where}: needs an object with a text `completion`{near}")
    if not row["completion"]:
        raise BadRequest(f"{where}: the completion is empty; there is nothing to learn from it")
    return TrainingExample(messages=_turns(row, where), completion=row["completion"])


def _turns(row: Mapping[str, Any], where: str) -> tuple[Message, ...]:
    if isinstance(row.get("prompt"), str):
        return (Message(role="prompt", content=row["prompt"]),)
    turns = row.get("messages")
    if not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)):
        near = _nearest(row, "messages") or _nearest(row, "prompt")
        raise BadRequest(
            f"{where}: needs `messages` with roles and contents, or a text `prompt`{near}"
        )
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in turns)


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and all(isinstance(turn.get(k), str) for k in ("role", "content"))


def _nearest(row: object, wanted: str) -> str:
    """Name the field that was meant for another, if one looks like it."""
    fields = [name for name in row if name != wanted] if isinstance(row, dict) else []
    near = difflib.get_close_matches(wanted, fields, n=1, cutoff=0.7)
    return f"; rename {near[0]!r} to {wanted!r}" if near else ""
