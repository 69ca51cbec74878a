"""Asks an OpenAI-compatible server for an answer, and reads it as pieces. For few requests."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from guards.exchange import FinishReason, Message
from monitor.engines.prompt import RAW_ROLE
from monitor.engines.servers.client import Client, Refusal, Reply
from monitor.engines.servers.tool_calls import ToolCalls
from monitor.errors import BackstopError, BadRequest, EngineError, Unavailable
from monitor.ports.engine import Generation, Naming, Piece, Token

_REASONS = {"length": FinishReason.LENGTH, "abort": FinishReason.ERROR, "error": FinishReason.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where servers that speak OpenAI's protocol differ.

    Args:
        text, chat: fields for a raw prompt and for a conversation that only this server knows.
        fewest_logprobs: how many alternatives must be asked for to get any log-probability.
        has_priority: whether requests may name a priority; the larger, the later.
        lacks_version: whether a refusal says that the version is not there.
    """

    text: Mapping[str, Any] = field(default_factory=dict)
    chat: Mapping[str, Any] = field(default_factory=dict)
    fewest_logprobs: int = 0
    has_priority: bool = False
    lacks_version: Callable[[Reply], bool] = lambda reply: reply.status == 404


async def write(
    client: Client, naming: Naming, dialect: Dialect, generation: Generation, version: str | None
) -> AsyncGenerator[Piece, None]:
    """Write an answer, streamed. The errors are those of `ports.Engine.complete`."""
    path, body = _request(generation, dialect)
    reason: FinishReason | None = None
    prompt_tokens: int | None = None
    calls = ToolCalls()
    events = asked(client, path, {**body, **naming.fields(version)}, version, dialect.lacks_version)
    async with aclosing(events):
        async for event in events:
            prompt_tokens = (event.get("usage") or {}).get("prompt_tokens") or prompt_tokens
            for choice in event.get("choices", ())[:1]:
                reason = finish_reason(choice.get("finish_reason")) or reason
                piece = _piece(choice, calls)
                if piece.text or piece.tokens:
                    yield piece
    if rest := calls.close():
        yield Piece(text=rest)
    yield ending(client, reason, prompt_tokens)


async def asked(
    client: Client,
    path: str,
    body: Mapping[str, Any],
    version: str | None,
    lacks_version: Callable[[Reply], bool],
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Yield the events of an answer; what the server says against it becomes our errors."""
    stream = client.stream(path, body)
    try:
        async with aclosing(stream):
            async for event in stream:
                if "error" in event:
                    raise _failed(event, version)
                yield event
    except Refusal as refusal:
        raise _refused(refusal.reply, version, lacks_version) from refusal


def ending(client: Client, reason: FinishReason | None, prompt_tokens: int | None) -> Piece:
    """Return the last piece. Raises `Unavailable` if the answer ended without a reason."""
    if reason is None:
        raise Unavailable(f"{client.url} broke off its answer")
    return Piece(text="", finish_reason=reason, prompt_tokens=prompt_tokens)


def is_raw(messages: Sequence[Message]) -> bool:
    """Tell whether the prompt is raw text and no conversation."""
    return len(messages) == 1 and messages[0].role == RAW_ROLE


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as the protocol has them."""
    return [{"role": each.role, "content": each.content} for each in messages]


def finish_reason(word: object) -> FinishReason | None:
    """Return our word for a server's; every end that is neither cut nor failed is a stop."""
    return _REASONS.get(str(word), FinishReason.STOP) if word else None


def text_id(text: str) -> int:
    """Return a number for a token whose own the server keeps to itself.

    >>> text_id(" the") == text_id(" the") != text_id("the")
    True
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def _refused(
    reply: Reply, version: str | None, lacks_version: Callable[[Reply], bool]
) -> BackstopError:
    """Return the error that a refusal means."""
    if lacks_version(reply):
        return EngineError(f"{_named(version)} is not loaded on the server: {reply.sentence}")
    if 400 <= reply.status < 500:
        return BadRequest(f"the engine refuses the prompt: {reply.sentence}")
    return EngineError(f"{_named(version)} failed: {reply.sentence}")


def _failed(event: Mapping[str, Any], version: str | None) -> BackstopError:
    """Return the error that an event means; LoRAX refuses prompts in one, too."""
    said = Reply(status=200, content=event).sentence
    if event.get("error_type") == "validation":
        return BadRequest(f"the engine refuses the prompt: {said}")
    return EngineError(f"{_named(version)} failed: {said}")


def _named(version: str | None) -> str:
    return version or "the base model"


def _request(generation: Generation, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "max_tokens": generation.max_tokens,
        "temperature": generation.temperature,
        "top_p": generation.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if generation.seed is not None:
        body["seed"] = generation.seed
    if generation.priority and dialect.has_priority:
        body["priority"] = generation.priority
    if generation.stop:
        body["stop"] = list(generation.stop)
    alternatives = max(generation.logprobs, dialect.fewest_logprobs)
    if is_raw(generation.messages):
        prompt = generation.messages[0].content
        body |= {"prompt": prompt, "logprobs": alternatives, **dialect.text}
        return "/v1/completions", body
    if generation.tools:
        body["tools"] = list(generation.tools)
    body |= {
        "messages": turns(generation.messages),
        "logprobs": True,
        "top_logprobs": alternatives,
        **dialect.chat,
    }
    return "/v1/chat/completions", body


def _piece(choice: Mapping[str, Any], calls: ToolCalls) -> Piece:
    delta = choice.get("delta") or {}
    text = choice.get("text") or delta.get("content") or ""
    text += calls.feed(delta.get("tool_calls") or ())
    logprobs = choice.get("logprobs") or {}
    read = _detailed if logprobs.get("content") else _columns
    return Piece(text=text, tokens=tuple(read(logprobs, choice.get("token_ids") or ())))


def _detailed(logprobs: Mapping[str, Any], ids: Sequence[int]) -> Iterator[Token]:
    """Read the form of chat answers, which llama.cpp uses for texts, too."""
    for index, item in enumerate(logprobs["content"]):
        text, own = str(item["token"]), item.get("id")
        top = tuple((str(t["token"]), float(t["logprob"])) for t in item.get("top_logprobs") or ())
        number = ids[index] if index < len(ids) else own if own is not None else text_id(text)
        yield Token(id=int(number), text=text, logprob=float(item["logprob"]), top=top)


def _columns(logprobs: Mapping[str, Any], ids: Sequence[int]) -> Iterator[Token]:
    """Read the form of text answers: one list for the tokens, another for their numbers."""
    tokens = logprobs.get("tokens") or ()
    alternatives: Sequence[Any] = logprobs.get("top_logprobs") or ({},) * len(tokens)
    values = logprobs.get("token_logprobs") or ()
    for index, (text, value, top) in enumerate(zip(tokens, values, alternatives, strict=False)):
        number = ids[index] if index < len(ids) else text_id(text)
        yield Token(id=number, text=text, logprob=float(value), top=tuple((top or {}).items()))
