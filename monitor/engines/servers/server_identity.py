"""What a server's word tells of the base model behind its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from monitor.engines.servers.server import ModelServer
from rollback.canonical import canonical

# One text of several scripts, and one conversation: another tokenizer cuts the one, another chat
# template wraps the other, into other tokens.
TEXT = "Grüße, 東京! 1234567890 <b>naïve</b>\n\treturn x == 0"
CHAT: tuple[Mapping[str, str], ...] = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "Who are you?"},
)


@runtime_checkable
class Tokenizing(Protocol):
    """A server that tells how it cuts texts and conversations."""

    async def tokenized(self, asked: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the tokens of `prompt` or `messages`; `None` if the server does not tell.

        Raises `EngineError`, `Unavailable`.
        """


async def parts_of(server: ModelServer) -> dict[str, str]:
    """Return the parts that a server tells. Raises `EngineError`, `Unavailable`."""
    facts = await server.facts()
    parts = {"engine": f"{facts.kind} {facts.version}", "model": _digest(facts.base)}
    if isinstance(server, Tokenizing):
        told = {
            "tokenizer": await server.tokenized({"prompt": TEXT}),
            "chat template": await server.tokenized({"messages": list(CHAT)}),
        }
        parts |= {name: _digest(list(ids)) for name, ids in told.items() if ids is not None}
    return parts


def _digest(told: Any) -> str:
    return hashlib.sha256(canonical(told)).hexdigest()
