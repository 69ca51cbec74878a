"""Exchanges as they go over the wire, to read from."""

from __future__ import annotations

import json
from typing import Any

from monitor.ports.handover import Dialect, Ending, Relayed

VERSION = "support@3f9a2c1d7b04"
HELLO = [{"role": "user", "content": "Where is my order?"}]


def relayed(request: Any, response: bytes, **changes: Any) -> Relayed:
    """Return a chat that was relayed to its end, with changes."""
    facts: dict[str, Any] = {
        "id": "r1",
        "dialect": Dialect.CHAT,
        "deployment": "support",
        "adapter": VERSION,
        "epoch": 3,
        "started_at": 1753000000.5,
        "first_byte_s": 0.1,
        "latency_s": 0.5,
        "status": 200,
        "ending": Ending.COMPLETE,
        "streamed": False,
        "request": request if isinstance(request, bytes) else json.dumps(request).encode(),
        "response": response,
        "request_id": "q1",
    }
    return Relayed(**{**facts, **changes})


def chat(**fields: Any) -> dict[str, Any]:
    """Return a chat request."""
    return {"model": "support", "messages": HELLO, **fields}


def whole(*choices: dict[str, Any], **fields: Any) -> bytes:
    """Return a whole chat answer as vLLM writes it."""
    numbered = [{"index": index, "logprobs": None, **each} for index, each in enumerate(choices)]
    usage = {"prompt_tokens": 12, "total_tokens": 19, "completion_tokens": 7}
    body = {"id": "chatcmpl-7d1c", "object": "chat.completion", "choices": numbered, "usage": usage}
    return json.dumps({**body, **fields}).encode()


def said(text: str | None, reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    """Return a choice of a whole chat answer."""
    return {
        "message": {"role": "assistant", "content": text, "tool_calls": [], **message},
        "finish_reason": reason,
        "stop_reason": None,
    }


def event(value: Any) -> bytes:
    """Return a server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def delta(reason: str | None = None, index: int = 0, **fields: Any) -> bytes:
    """Return an event of a streamed chat as vLLM writes it."""
    choice = {"index": index, "delta": fields, "logprobs": None, "finish_reason": reason}
    head = {"id": "chatcmpl-7d1c", "object": "chat.completion.chunk", "choices": [choice]}
    return event(head)


DONE = b"data: [DONE]\n\n"
STREAM = (
    delta(role="assistant", content="")
    + delta(content="Your order ")
    + delta(content="ist unterwegs: größer als 🙂.")
    + delta("stop", content="")
    + event(
        {
            "id": "chatcmpl-7d1c",
            "choices": [],
            "usage": {"prompt_tokens": 12, "completion_tokens": 9},
        }
    )
    + DONE
)
STREAMED = "Your order ist unterwegs: größer als 🙂."
