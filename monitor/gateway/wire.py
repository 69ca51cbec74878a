"""OpenAI's JSON as it comes over the wire: the few fields that matter, read leniently."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
L = TypeVar("L")


class Lenient(Generic[T]):
    """A JSON decoder that takes what it can use, and gives `None` for the rest.

    Fields that nobody asked for are skipped. Bytes that are no UTF-8, halves of surrogate pairs,
    and numbers that JSON does not know (NaN, Infinity) are read all the same, only more slowly.

    Args:
        kind: what to decode into; milder: what else, where the types do not fit `kind`.
    """

    def __init__(self, kind: Any, milder: Any = None) -> None:
        self._kinds = (kind,) if milder is None else (kind, milder)
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, data: bytes) -> T | None:
        """Return the value, or `None` where there is none of that kind. Never raises."""
        try:
            found: T = self._decoder.decode(data)
        except (ValueError, RecursionError):
            return self._anyhow(data)
        return found

    def _anyhow(self, data: bytes) -> T | None:
        value = parse(data)
        for kind in self._kinds:
            try:
                found: T = msgspec.convert(value, kind)
            except (ValueError, RecursionError):
                continue
            return found
        return None


def parse(data: bytes) -> Any:
    """Return JSON as Python reads it, with sound text only; `None` for what is no JSON."""
    try:
        return _sound(json.loads(data.decode("utf-8-sig", "replace")))
    except (ValueError, RecursionError):
        return None


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sound(each) for each in value]
    if isinstance(value, dict):
        return {_sound(key): _sound(each) for key, each in value.items()}
    return value


class Turn(msgspec.Struct):
    """A message of a request."""

    role: Any = None
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None


class Question(msgspec.Struct):
    """A request for a completion, chat or text."""

    messages: list[Turn] = []
    prompt: Any = None
    n: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    n_predict: Any = None  # llama.cpp's own word
    stop: Any = None
    stop_token_ids: Any = None
    ignore_eos: Any = None  # vLLM, SGLang, llama.cpp: for measuring speed
    echo: Any = None
    documents: Any = None  # vLLM's and others': what retrieval found


class Alternative(msgspec.Struct):
    """A token that might have been chosen."""

    logprob: float | None = None


class TokenLogprob(msgspec.Struct):
    """One token's log-probability; null is how serialisers write a number that is not finite."""

    logprob: float | None = None
    top_logprobs: list[Alternative] | None = None


class Logprobs(msgspec.Struct):
    """Log-probabilities of a choice: of a chat's under `content` and `refusal`, else of a text's."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: Any = None


class Said(msgspec.Struct):
    """What a model said in a chat, whole or a part of it."""

    content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None


class Choice(msgspec.Struct, Generic[L]):
    """One of the answers to a request, whole or a part of it."""

    index: Any = 0
    message: Said | None = None
    delta: Said | None = None
    text: Any = None
    logprobs: L | None = None
    finish_reason: Any = None


class Usage(msgspec.Struct):
    """What was counted."""

    prompt_tokens: Any = None
    completion_tokens: Any = None


class Answer(msgspec.Struct, Generic[L]):
    """A whole answer, or one event of a stream."""

    id: Any = None
    choices: list[Choice[L]] = []
    usage: Usage | None = None
    error: Any = None


QUESTIONS: Lenient[Question] = Lenient(Question)
ANSWERS: Lenient[Answer[Any]] = Lenient(Answer[Logprobs], milder=Answer[Any])
