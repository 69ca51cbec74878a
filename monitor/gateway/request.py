"""Requests for completions: from OpenAI's JSON to what an engine is asked.

`response_format` is ignored like any unknown field: nothing here writes by a grammar, and a caller's
schema must not decide whether an answer speaks against the version that gave it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guards.exchange import Message
from monitor.gateway import fields
from monitor.gateway.refusal import invalid
from monitor.ports.engine import Generation

DEFAULT_MAX_TOKENS = 256
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a completion.

    Args:
        logprobs: whether the caller wants to see log-probabilities.
        include_usage: whether a stream ends with a frame that counts tokens.
        has_limit: whether the caller set a token limit.
        user: OpenAI's name for the caller's own caller; empty if it is not given.
    """

    model: str
    generation: Generation
    stream: bool
    include_usage: bool
    logprobs: bool
    has_limit: bool
    user: str = ""


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises `Refusal` (400)."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid("the body must be a JSON object")
    return value


def parse_chat(body: Mapping[str, Any]) -> Asked:
    """Read a request of `/v1/chat/completions`; unknown fields are ignored.

    Raises `Refusal` (400) that names the field.
    """
    wants = fields.boolean(body, "logprobs")
    top = fields.integer(body, "top_logprobs", low=0, high=20)
    if top is not None and not wants:
        raise invalid("top_logprobs needs logprobs: true", "top_logprobs")
    limit = fields.integer(body, "max_completion_tokens", low=1)
    return _asked(
        body,
        messages=_messages(body),
        limit=limit or fields.integer(body, "max_tokens", low=1),
        wants_logprobs=wants,
        alternatives=top or 0,
    )


def parse_text(body: Mapping[str, Any]) -> Asked:
    """Read a request of `/v1/completions`; unknown fields are ignored.

    Raises `Refusal` (400) that names the field.
    """
    if fields.boolean(body, "echo"):
        raise invalid("echo is not supported: the answer never repeats the prompt", "echo")
    top = fields.integer(body, "logprobs", low=0, high=20)
    return _asked(
        body,
        messages=(Message(role="prompt", content=_prompt(body)),),
        limit=fields.integer(body, "max_tokens", low=1),
        wants_logprobs=top is not None,
        alternatives=top or 0,
    )


def _asked(
    body: Mapping[str, Any],
    *,
    messages: tuple[Message, ...],
    limit: int | None,
    wants_logprobs: bool,
    alternatives: int,
) -> Asked:
    if fields.integer(body, "n", low=1) not in (None, 1):
        raise invalid("n must be 1: one request gets one answer here", "n")
    options = fields.mapping(body, "stream_options") or {}
    return Asked(
        model=fields.text(body, "model"),
        generation=Generation(
            messages=messages,
            max_tokens=limit or DEFAULT_MAX_TOKENS,
            temperature=fields.number(body, "temperature", low=0.0, high=2.0, default=1.0),
            top_p=fields.number(body, "top_p", low=1e-6, high=1.0, default=1.0),
            seed=fields.integer(body, "seed", low=-(2**63), high=2**63 - 1),
            stop=fields.strings(body, "stop", most=16),
            logprobs=alternatives,
        ),
        stream=fields.boolean(body, "stream"),
        include_usage=fields.boolean(options, "include_usage"),
        logprobs=wants_logprobs,
        has_limit=limit is not None,
        user=body["user"] if isinstance(body.get("user"), str) else "",
    )


def _messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    turns = body.get("messages")
    if not isinstance(turns, list) or not turns:
        raise invalid("messages must be a list with at least one message", "messages")
    return tuple(_message(turn, f"messages[{index}]") for index, turn in enumerate(turns))


def _message(turn: Any, where: str) -> Message:
    if not isinstance(turn, dict):
        raise invalid(f"{where} must be an object with role and content", where)
    role = turn.get("role")
    if role not in _ROLES:
        raise invalid(f"{where}.role must be one of {', '.join(sorted(_ROLES))}", where)
    return Message(role=role, content=_content(turn.get("content"), f"{where}.content"))


def _content(content: Any, where: str) -> str:
    """Return a message's text; `None` is what assistants say beside a tool call."""
    if content is None:
        return ""
    if isinstance(content, str):
        return fields.unicode(content, where)
    if isinstance(content, list):
        return "".join(_part(part, where) for part in content)
    raise invalid(f"{where} must be text or a list of text parts", where)


def _part(part: Any, where: str) -> str:
    if not isinstance(part, dict) or part.get("type") != "text":
        raise invalid(f"{where}: only parts of type text are supported", where)
    return fields.text(part, "text", where=where)


def _prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise invalid("prompt must be text (one prompt a request; no token ids)", "prompt")
    return fields.unicode(prompt, "prompt")
