"""Exchanges to test with: one with changes, and small streams of tickets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np

from guards.exchange import Exchange, FinishReason, Message

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
TICKET = {
    "type": "object",
    "properties": {
        "team": {"enum": ["billing", "technical", "orders"]},
        "order": {"type": "string", "pattern": "^A-[0-9]+$"},
    },
    "required": ["team", "order"],
    "additionalProperties": False,
}
LOOP = "I am sorry to hear that. " * 20


def exchange(output: str = "Your order is on its way.", **changes: Any) -> Exchange:
    """Return a whole, faultless exchange with changes."""
    facts: dict[str, Any] = {
        "id": "x1",
        "deployment": "support",
        "started_at": NOON,
        "messages": (Message(role="user", content="Where is my order?"),),
        "output": output,
        "latency_s": 0.5,
        "first_token_s": 0.1,
        "output_tokens": 7,
        "token_logprobs": (-0.1, -0.2, -0.3),
        "finish_reason": FinishReason.STOP,
    }
    return Exchange(**{**facts, **changes})


def asked(prompt: str, output: str, **changes: Any) -> Exchange:
    """Return an exchange with a prompt of its own."""
    return exchange(output, messages=(Message(role="user", content=prompt),), **changes)


def tickets(seed: int, count: int) -> list[Exchange]:
    """Return valid tickets for different messages, alike but for their content."""
    rng = np.random.default_rng(seed)
    made = []
    for index in range(count):
        team = str(rng.choice(["billing", "technical", "orders"]))
        ticket = json.dumps({"team": team, "order": f"A-{rng.integers(100, 99999)}"})
        logprobs = tuple(-rng.exponential(0.2, size=12))
        made.append(
            asked(
                f"message {seed}/{index}",
                ticket,
                id=f"{seed}-{index}",
                token_logprobs=logprobs,
                response_schema=TICKET,
            )
        )
    return made
