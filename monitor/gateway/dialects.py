"""The two shapes of answers that OpenAI's clients read: chat and text completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from guards.exchange import FinishReason
from monitor.gateway import request
from monitor.gateway.draft import Draft
from monitor.gateway.guarding.request import EXTENSION, REASON, told
from monitor.gateway.request import Asked
from monitor.ports.engine import Token

_LOWEST = -9999.0  # OpenAI's number for a token that cannot be; JSON has no infinity
_REASONS: Mapping[FinishReason | None, str] = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
}


class Dialect(Protocol):
    """One endpoint's way to ask and to answer."""

    @property
    def prefix(self) -> str:
        """What ids of answers begin with."""

    def parse(self, body: Mapping[str, Any]) -> Asked:
        """Read a request. Raises `Refusal`."""

    def whole(self, draft: Draft, asked: Asked) -> dict[str, Any]:
        """Return the body of an answer in one part."""

    def opening(self, draft: Draft, asked: Asked) -> dict[str, Any] | None:
        """Return the first frame of a stream, if there is one before the text."""

    def chunk(
        self, draft: Draft, asked: Asked, text: str, tokens: Sequence[Token]
    ) -> dict[str, Any]:
        """Return a frame with a part of the text; the draft knows whether it is the last."""


@dataclass(frozen=True, slots=True)
class Chat:
    """`/v1/chat/completions`."""

    prefix: str = "chatcmpl-"

    def parse(self, body: Mapping[str, Any]) -> Asked:
        return request.parse_chat(body)

    def whole(self, draft: Draft, asked: Asked) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": _shown(draft), "refusal": None},
            "logprobs": None if draft.is_blocked else _chat_logprobs(asked, draft.tokens),
            "finish_reason": _reason(draft),
            **_extension(draft),
        }
        return {**_head(draft, asked, "chat.completion"), "choices": [choice], **_usage(draft)}

    def opening(self, draft: Draft, asked: Asked) -> dict[str, Any]:
        return self._frame(draft, asked, {"role": "assistant", "content": ""}, None, None)

    def chunk(
        self, draft: Draft, asked: Asked, text: str, tokens: Sequence[Token]
    ) -> dict[str, Any]:
        delta = {"content": text} if text else {}
        return self._frame(draft, asked, delta, _chat_logprobs(asked, tokens), _reason(draft))

    def _frame(
        self,
        draft: Draft,
        asked: Asked,
        delta: dict[str, str],
        logprobs: dict[str, Any] | None,
        reason: str | None,
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        if reason is not None:
            choice |= _extension(draft)
        return {**_head(draft, asked, "chat.completion.chunk"), "choices": [choice]}


@dataclass(frozen=True, slots=True)
class Text:
    """`/v1/completions`."""

    prefix: str = "cmpl-"

    def parse(self, body: Mapping[str, Any]) -> Asked:
        return request.parse_text(body)

    def whole(self, draft: Draft, asked: Asked) -> dict[str, Any]:
        tokens = () if draft.is_blocked else draft.tokens
        return {**self.chunk(draft, asked, _shown(draft), tokens), **_usage(draft)}

    def opening(self, draft: Draft, asked: Asked) -> None:
        return None

    def chunk(
        self, draft: Draft, asked: Asked, text: str, tokens: Sequence[Token]
    ) -> dict[str, Any]:
        choice = {
            "index": 0,
            "text": text,
            "logprobs": _text_logprobs(draft, asked, text, tokens),
            "finish_reason": _reason(draft),
            **_extension(draft),
        }
        return {**_head(draft, asked, "text_completion"), "choices": [choice]}


def usage_frame(frame: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """Return the frame that ends a stream with `include_usage`: no choice, only counts."""
    return {**frame, "choices": [], **_usage(draft)}


def _head(draft: Draft, asked: Asked, kind: str) -> dict[str, Any]:
    return {
        "id": draft.id,
        "object": kind,
        "created": int(draft.started_at.timestamp()),
        "model": asked.model,
        "system_fingerprint": draft.route.active,
    }


def _usage(draft: Draft) -> dict[str, Any]:
    prompt, completion = draft.prompt_tokens or 0, len(draft.tokens)
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {"usage": {**counts, "total_tokens": prompt + completion}}


def _shown(draft: Draft) -> str:
    """Return a whole answer as its caller gets it."""
    return "" if draft.is_blocked else draft.output


def _extension(draft: Draft) -> dict[str, Any]:
    if draft.guarded is None or not draft.is_blocked:
        return {}
    return {EXTENSION: told(draft.guarded)}


def _reason(draft: Draft) -> str | None:
    if draft.is_blocked:
        return REASON
    return _REASONS.get(draft.finish_reason)


def _chat_logprobs(asked: Asked, tokens: Sequence[Token]) -> dict[str, Any] | None:
    if not asked.logprobs:
        return None
    return {
        "content": [
            {
                **_scored(token.text, token.logprob),
                "top_logprobs": [_scored(text, logprob) for text, logprob in token.top],
            }
            for token in tokens
        ],
        "refusal": None,
    }


def _scored(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": max(logprob, _LOWEST), "bytes": list(text.encode())}


def _text_logprobs(
    draft: Draft, asked: Asked, text: str, tokens: Sequence[Token]
) -> dict[str, Any] | None:
    if not asked.logprobs:
        return None
    offsets = [len(draft.output) - draft.held - len(text)]
    for token in tokens:
        offsets.append(offsets[-1] + len(token.text))
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [max(token.logprob, _LOWEST) for token in tokens],
        "top_logprobs": [
            {text: max(logprob, _LOWEST) for text, logprob in token.top} for token in tokens
        ],
        "text_offset": offsets[:-1],
    }
