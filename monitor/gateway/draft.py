"""The draft of an exchange: what is known of an answer while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from guards import entropy
from guards.exchange import Exchange, FinishReason, Message
from guards.guarded import Guarded, GuardVerdict
from monitor.ports.engine import Piece, Token
from monitor.ports.handover import DEALT
from monitor.runtime.routing import Route


@dataclass(slots=True, kw_only=True)
class Draft:
    """An answer as it grows.

    Args:
        started_at: wall-clock time; started: monotonic seconds at the same moment.
        version: that answers, `None` is the base model.
        dealt: the caller's lot in a canary, as text; shadow_of: id of the answer that this shadows.
        has_limit, has_stops: whether the caller set a token limit, or stop strings.
        first_token_s, latency_s: seconds since the start.
        guarded: what blocking guards concluded, where the deployment has any.
        held: characters at the end that the guards hold back for now.
    """

    id: str
    route: Route
    messages: tuple[Message, ...]
    started_at: datetime
    started: float
    request_id: str
    version: str | None = None
    dealt: str = ""
    shadow_of: str | None = None
    caller: str | None = None
    has_limit: bool = False
    has_stops: bool = False
    texts: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    prompt_tokens: int | None = None
    finish_reason: FinishReason | None = None
    error: str | None = None
    first_token_s: float | None = None
    latency_s: float | None = None
    guarded: Guarded | None = None
    held: int = 0

    @property
    def is_blocked(self) -> bool:
        """Whether a guard keeps the answer, or the rest of it, from the caller."""
        return self.guarded is not None and self.guarded.verdict is GuardVerdict.BLOCK

    @property
    def output(self) -> str:
        """The answer so far."""
        return "".join(self.texts)

    def add(self, piece: Piece, clock: float) -> None:
        """Take the next piece, which came at `clock` monotonic seconds."""
        if self.first_token_s is None:
            self.first_token_s = clock - self.started
        self.texts.append(piece.text)
        self.tokens.extend(piece.tokens)
        if piece.prompt_tokens is not None:
            self.prompt_tokens = piece.prompt_tokens
        if piece.finish_reason is not None:
            self.end(piece.finish_reason, clock)

    def end(self, reason: FinishReason, clock: float, error: str | None = None) -> None:
        """Close the draft; the first reason stands."""
        if self.finish_reason is None:
            self.finish_reason, self.error = reason, error
            self.latency_s = clock - self.started

    def exchange(self) -> Exchange:
        """Return the finished record."""
        tokens = self.tokens
        return Exchange(
            id=self.id,
            deployment=self.route.deployment,
            started_at=self.started_at,
            messages=self.messages,
            output=self.output,
            adapter=self.version,
            epoch=self.route.epoch,
            latency_s=self.latency_s,
            first_token_s=self.first_token_s,
            prompt_tokens=self.prompt_tokens,
            output_tokens=len(tokens) if tokens else None,
            token_logprobs=tuple(token.logprob for token in tokens) if tokens else None,
            token_entropies=entropy.of_tokens(map(_alternatives, tokens))
            if self._has_tops
            else None,
            finish_reason=self.finish_reason,
            error=self.error,
            ended_by_caller=self._ended_by_caller,
            caller=self.caller,
            tags=self._tags,
            guarded=self.guarded,
        )

    @property
    def _tags(self) -> dict[str, str]:
        tags = {"request_id": self.request_id}
        if self.dealt:
            tags[DEALT] = self.dealt
        if self.shadow_of is not None:
            tags["shadow_of"] = self.shadow_of
        return tags

    @property
    def _has_tops(self) -> bool:
        return any(token.top for token in self.tokens)

    @property
    def _ended_by_caller(self) -> bool:
        """Whether the caller's own wish may have ended the answer before the model did."""
        at_limit = self.finish_reason is FinishReason.LENGTH and self.has_limit
        return at_limit or (self.finish_reason is FinishReason.STOP and self.has_stops)


def _alternatives(token: Token) -> Sequence[float]:
    return [logprob for _, logprob in token.top]
