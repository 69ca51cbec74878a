"""Made-up answers in OpenAI's shapes, each the same for the same model and request but for its id."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

BASE = "base"
_CREATED = 1700000000
_WORDS = ("order", "parcel", "invoice", "refund", "router", "battery", "address", "shop")
_SPLIT = "\0"

LAST_EVENT = (
    b'data: {"object":"chat.completion.chunk","created":1700000000,'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
_numbers = itertools.count(time.time_ns())  # no two answers have one id, also after a restart


def model(name: str, *, root: str, parent: str | None) -> dict[str, Any]:
    """Return an entry of the list of models."""
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": "vllm",
        "root": root,
        "parent": parent,
        "max_model_len": None if parent else 4096,
    }


def error(message: str, code: int) -> dict[str, Any]:
    """Return an error body."""
    kind = "NotFoundError" if code == 404 else "BadRequestError"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def chat(name: str, content: str) -> dict[str, Any]:
    """Return a whole chat completion."""
    message = {"role": "assistant", "content": content}
    return {
        "id": f"chatcmpl-{next(_numbers):x}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": name,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 18, "total_tokens": 39},
    }


def chat_around(name: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind the content of a whole chat completion."""
    return _around(json.dumps(chat(name, _SPLIT), separators=(",", ":")))


def event_around(name: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind the time in an event of a stream."""
    choice = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
    event = {
        "id": f"chatcmpl-{next(_numbers):x}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": name,
        "choices": [choice],
    }
    body = json.dumps(event, separators=(",", ":"))
    return f'data: {body[:-1]},"written_ns":'.encode(), b"}\n\n"


def text(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole text completion with log-probabilities."""
    tokens, logprobs = _tokens(asked)
    choice = _choice(asked, 0, tokens, logprobs, "length")
    return {**_text_head(asked), "choices": [choice], "usage": _usage(len(tokens))}


def text_events(asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events of a streamed text completion, a token each."""
    tokens, logprobs = _tokens(asked)
    head = _text_head(asked)
    for index, (token, logprob) in enumerate(zip(tokens, logprobs, strict=True)):
        reason = "length" if index == len(tokens) - 1 else None
        yield {
            **head,
            "choices": [_choice(asked, index, [token], [logprob], reason)],
        }
    yield {**head, "choices": [], "usage": _usage(len(tokens))}


def _around(body: str) -> tuple[bytes, bytes]:
    before, _, after = body.partition(json.dumps(_SPLIT)[1:-1])
    return before.encode(), after.encode()


def _text_head(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"cmpl-{next(_numbers):x}",
        "object": "text_completion",
        "created": _CREATED,
        "model": asked["model"],
    }


def _tokens(asked: Mapping[str, Any]) -> tuple[list[str], list[float]]:
    """Return tokens and log-probabilities that follow from the model and the prompt alone."""
    seed = json.dumps([asked["model"], asked.get("prompt")]).encode()
    digits = hashlib.blake2b(seed, digest_size=64).digest()
    count = min(int(asked.get("max_tokens") or 16), len(digits))
    tokens = [" " + _WORDS[digit % len(_WORDS)] for digit in digits[:count]]
    return tokens, [-(1 + digit) / 256 for digit in digits[:count]]


def _choice(
    asked: Mapping[str, Any],
    offset: int,
    tokens: list[str],
    logprobs: list[float],
    reason: str | None,
) -> dict[str, Any]:
    ids = [1 + _WORDS.index(token.strip()) for token in tokens]
    named = (
        [f"token_id:{number}" for number in ids]
        if asked.get("return_tokens_as_token_ids")
        else tokens
    )
    told = {
        "text_offset": [offset + index for index in range(len(tokens))],
        "tokens": named,
        "token_logprobs": logprobs,
        "top_logprobs": [{token: logprob} for token, logprob in zip(named, logprobs, strict=True)],
    }
    return {
        "index": 0,
        "text": "".join(tokens),
        "logprobs": told if asked.get("logprobs") is not None else None,
        "finish_reason": reason,
        **({"token_ids": ids} if asked.get("return_token_ids") else {}),
    }


def _usage(count: int) -> dict[str, int]:
    return {"prompt_tokens": 8, "completion_tokens": count, "total_tokens": 8 + count}
