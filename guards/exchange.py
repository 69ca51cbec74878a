"""The exchange: one request and its answer, with the facts around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from guards.declared import Declared
from guards.guarded import Guarded

_ASKING = frozenset({"user", "prompt"})  # roles of those who ask
_SUPPLYING = frozenset({"system", "developer", "tool", "function", "context"})


class FinishReason(Enum):
    """Why an answer ended."""

    STOP = "stop"  # means that the model ended by itself or at a stop string
    LENGTH = "length"  # means that the token limit cut the answer
    ERROR = "error"  # means that the engine failed before the end
    ABANDONED = "abandoned"  # means that the caller left; such an answer is incomplete, no outlier
    INCOMPLETE = (
        "incomplete"  # means that the rest of the answer never reached us: no outlier either
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation, as the caller sent it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of supplied context, and the name by which an answer may cite it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    Everything but the first five fields may be unknown (`None`): signals of unknown facts
    are NaN, never zero.

    Args:
        adapter: version that served, `name@digest`; `None` is the base model.
        epoch: routing epoch under which the request was routed.
        started_at: timezone-aware.
        messages: a bare completion prompt is one message of role `prompt`.
        token_logprobs: natural logarithms, one per output token, each at most 0.
        token_entropies: of the distributions that the output tokens were drawn from, in nats, each
            at least 0 and NaN where unknown; bounded from below as `guards.entropy.least` does.
        response_schema: JSON Schema that the answer must satisfy, where one is declared.
        declared: what else the operator declared of such answers.
        context: passages that the answer should rest on, beside messages of the system and tools.
        ended_by_caller: whether a token limit or stop string that the caller set may have ended the
            answer: what it then lacks is not the version's fault.
        grade: quality in [0, 1] where somebody graded the answer.
        guarded: what guards concluded of the answer, where any looked at it.

    Raises:
        ValueError: if `started_at` is naive.
    """

    id: str
    deployment: str
    started_at: datetime
    messages: tuple[Message, ...]
    output: str
    adapter: str | None = None
    epoch: int = 0
    latency_s: float | None = None
    first_token_s: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    token_logprobs: tuple[float, ...] | None = None
    token_entropies: tuple[float, ...] | None = None
    finish_reason: FinishReason | None = None
    error: str | None = None
    response_schema: Mapping[str, Any] | None = None
    declared: Declared | None = None
    context: tuple[Passage, ...] = ()
    ended_by_caller: bool = False
    caller: str | None = None
    grade: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    guarded: Guarded | None = None

    def __post_init__(self) -> None:
        if self.started_at.tzinfo is None:
            raise ValueError(f"exchange {self.id}: started_at must be timezone-aware")

    @property
    def prompt(self) -> str:
        """The last thing the caller said: what clusters and embeddings of prompts look at."""
        return self.messages[-1].content if self.messages else ""

    @property
    def question(self) -> str:
        """The last thing that was asked: no result of a tool, and no context."""
        for message in reversed(self.messages):
            if message.role in _ASKING:
                return message.content
        return self.prompt

    @property
    def supplied(self) -> str:
        """All context: what system, tools and retrieval said, and the passages; empty without any."""
        said = [message.content for message in self.messages if message.role in _SUPPLYING]
        return "\n".join([*said, *(passage.text for passage in self.context)])

    @property
    def is_complete(self) -> bool:
        """Whether the answer may be judged: the caller stayed to its end, and so did we."""
        return self.finish_reason not in (FinishReason.ABANDONED, FinishReason.INCOMPLETE)
