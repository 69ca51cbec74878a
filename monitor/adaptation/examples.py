"""Training examples: turns and the answer to learn, read from JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guards.exchange import Message
from monitor.errors import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingExample:
    """One prompt with the answer to learn; a single message of role `prompt` is raw text."""

    messages: tuple[Message, ...]
    completion: str


def read_examples(path: Path) -> Sequence[TrainingExample]:
    """Read examples from a JSON Lines file.

    Each line is `{"messages": [{"role", "content"}, ...], "completion": "..."}` or
    `{"prompt": "...", "completion": "..."}`. Blank lines are left out.

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
    if not isinstance(row, dict) or not isinstance(row.get("completion"), str):
        raise BadRequest(f"{where}: needs an object with a text `completion`")
    if not row["completion"]:
        raise BadRequest(f"{where}: the completion is empty; there is nothing to learn from it")
    return TrainingExample(messages=_turns(row, where), completion=row["completion"])


def _turns(row: Mapping[str, Any], where: str) -> tuple[Message, ...]:
    if isinstance(row.get("prompt"), str):
        return (Message(role="prompt", content=row["prompt"]),)
    turns = row.get("messages")
    if not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)):
        raise BadRequest(f"{where}: needs `messages` with roles and contents, or a text `prompt`")
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in turns)


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and all(isinstance(turn.get(k), str) for k in ("role", "content"))
