"""How likely a given text is, asked of a server that tells a prompt's log-probabilities.

Contract: vLLM 0.32, `prompt_logprobs` of /v1/completions, and /tokenize.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guards.exchange import Message
from monitor.engines.servers import writing
from monitor.engines.servers.client import Client, Reply
from monitor.errors import BadRequest, EngineError
from monitor.ports.engine import Naming

_LIMIT_S = 120.0


async def score(
    client: Client,
    naming: Naming,
    messages: Sequence[Message],
    continuation: str,
    version: str | None,
) -> tuple[float, ...]:
    """Return the log-probability of each token of a continuation; see `ports.Likelihood`."""
    named = naming.fields(version)
    added = await tokens_of(client, {**named, "prompt": continuation, "add_special_tokens": False})
    if not added:
        raise BadRequest("the continuation is empty; give at least one character")
    ids = [*await tokens_of(client, {**named, **_asked(messages)}), *added]
    body = {**named, "prompt": ids, "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0}
    reply = await client.post("/v1/completions", body, _LIMIT_S)
    return _read(_required(reply, version), ids, len(added))


def _asked(messages: Sequence[Message]) -> Mapping[str, Any]:
    if writing.is_raw(messages):
        return {"prompt": messages[0].content}
    return {"messages": writing.turns(messages), "add_generation_prompt": True}


async def tokens_of(client: Client, body: Mapping[str, Any]) -> list[int]:
    """Return the tokens of a prompt or a conversation.

    Raises `BadRequest` if it is refused, `EngineError`, `Unavailable`.
    """
    told = _required(await client.post("/tokenize", body, _LIMIT_S), None)
    try:
        return [int(number) for number in told["tokens"]]
    except (LookupError, TypeError, ValueError) as error:
        raise EngineError(f"{client.url}/tokenize tells no tokens: {error!r}") from error


def _required(reply: Reply, version: str | None) -> Any:
    if reply.status == 400:
        raise BadRequest(f"the engine refuses the text: {reply.sentence}")
    if not reply.ok:
        raise EngineError(
            f"{version or 'the base model'} cannot be asked how likely a text is: {reply.sentence}"
        )
    return reply.content


def _read(told: Any, ids: Sequence[int], count: int) -> tuple[float, ...]:
    """Return what the server tells of the last tokens."""
    try:
        positions = told["choices"][0]["prompt_logprobs"][-count:]
        pairs = zip(positions, ids[-count:], strict=True)
        return tuple(float(position[str(number)]["logprob"]) for position, number in pairs)
    except (LookupError, TypeError, ValueError) as error:
        raise EngineError(
            "the server tells no log-probabilities of a prompt (prompt_logprobs); use a vLLM that does"
        ) from error
