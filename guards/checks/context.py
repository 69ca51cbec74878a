"""What a guard may know beside the answer: the prompt, canary tokens, the response schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guards.exchange import Message

_OURS = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """What stood around an answer.

    Args:
        messages: the prompt; turns of role `system` and `developer` are the system prompt.
        canaries: tokens planted in prompts or documents that must never come out: each 8 to 128
            printable ASCII characters without white space.
        response_schema: JSON Schema that the answer must satisfy, where one is declared.

    Raises:
        ValueError: if a canary cannot be one.
    """

    messages: tuple[Message, ...] = ()
    canaries: tuple[str, ...] = ()
    response_schema: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for canary in self.canaries:
            if not (8 <= len(canary) <= 128 and canary.isascii() and canary.isprintable()):
                raise ValueError("a canary token is 8 to 128 printable ASCII characters")
            if " " in canary:
                raise ValueError("a canary token has no spaces: make it one word")

    @property
    def system_prompt(self) -> str:
        """The operator's instructions, joined by line ends; empty where there are none."""
        return "\n".join(turn.content for turn in self.messages if turn.role in _OURS)

    @property
    def supplied(self) -> tuple[str, ...]:
        """What callers and tools handed in: neither the operator's nor the model's own words."""
        others = _OURS | {"assistant"}
        return tuple(turn.content for turn in self.messages if turn.role not in others)
