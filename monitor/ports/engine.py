"""What runs the model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from guards.exchange import FinishReason, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What an engine is asked to write.

    Args:
        messages: turns for the chat template; a single message of role `prompt` is raw text.
        max_tokens: at least 1; the engine may stop earlier.
        temperature: 0 is greedy.
        top_p: in (0, 1].
        seed: makes a sampled answer repeatable on the same engine.
        stop: strings that end the answer and are not part of it.
        logprobs: how many alternatives to report per token (0: only the chosen token's).
        tools: functions that the model may call, as OpenAI describes them; a call is written into
            the answer as text.
        priority: 0 is a caller's; the larger, the longer it waits, on a server that knows of that.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int = 0
    tools: tuple[Mapping[str, Any], ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One generated token: its text, natural log-probability, and the likeliest alternatives."""

    id: int
    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an answer as it is written; the last one carries `finish_reason`.

    The texts of all pieces joined are the answer; a text that might become a stop string is
    held back until it is known not to.
    """

    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None


class Engine(Protocol):
    """What runs the model. Versions are named `family@digest`; `None` is the base model."""

    async def loaded(self) -> frozenset[str]:
        """Return the versions that can serve now."""

    async def load(self, version: str, folder: Path) -> None:
        """Make a version ready to serve; do nothing if it is. Raises `EngineError`."""

    async def unload(self, version: str) -> None:
        """Forget a version; do nothing if it is unknown."""

    def complete(self, generation: Generation, version: str | None) -> AsyncGenerator[Piece, None]:
        """Write an answer. Closing the generator stops the work.

        Raises:
            BadRequest: the prompt cannot be used (it is too long): no fault of the version.
            EngineError: the version failed to answer.
            Unavailable: the engine is away, whatever the version.
        """


@runtime_checkable
class Likelihood(Protocol):
    """An engine that tells how likely a given text is, without writing it."""

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Return the natural log-probability of each token of a continuation of the prompt.

        The continuation is cut into tokens by itself, so that no token spans the border.

        Args:
            messages: as in `Generation`.

        Raises:
            BadRequest: prompt and continuation are too long, or the continuation has no token.
            EngineError: the version is not loaded, or the engine cannot tell.
            Unavailable: the engine is away.
        """


class Naming(Protocol):
    """How a request to an engine's server names the version that shall answer it."""

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Return the fields to set in an OpenAI request body; `model` is always among them.

        Raises `EngineError` for a version that the server does not hold, where it must know.
        """
