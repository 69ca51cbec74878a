"""The exchange log: exchanges as JSON Lines, to bring them from one place to another.

One object a line. `output`, and `prompt` or `messages`, must be there; the rest may be missing. The
answer of another version to the same prompt stands under `shadow`. Unknown keys are refused,
since a misspelt one would be lost without a word: what is your own goes under `tags`.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from guards import jsontext
from guards.exchange import Exchange, Message
from guards.exchange_fields import BadExchange, Fields

KEYS = (
    "id",
    "deployment",
    "adapter",
    "started_at",
    "prompt",
    "messages",
    "output",
    "latency_s",
    "first_token_s",
    "prompt_tokens",
    "output_tokens",
    "token_logprobs",
    "token_entropies",
    "context",
    "finish_reason",
    "error",
    "ended_by_caller",
    "caller",
    "grade",
    "shadow",
    "tags",
)
_SHADOW_KEYS = ("adapter", "output", "grade")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One line of a log.

    Args:
        names_adapter: whether the line says which version answered; null is the base model.
        shadow: the answer of another version to the same prompt, tagged `shadow_of`.
    """

    exchange: Exchange
    names_adapter: bool
    shadow: Exchange | None = None


def parse(line: str | bytes, *, deployment: str | None, started_at: datetime) -> Logged:
    """Read one line. Raises `BadExchange` for what is no JSON, else as `read` does."""
    try:
        value = msgspec.json.decode(line)
    except (ValueError, RecursionError) as error:
        raise BadExchange("", f"is no JSON: {error}") from error
    return read(value, deployment=deployment, started_at=started_at)


def read(value: Any, *, deployment: str | None, started_at: datetime) -> Logged:
    """Return what one object of a log says.

    Without an id it is named by its content, so that reading it again gives the same id.

    Args:
        deployment, started_at: taken where the object names none.

    Raises:
        BadExchange: an error that names the field, and says what it may be.
    """
    if not isinstance(value, Mapping):
        raise BadExchange("", "must be a JSON object")
    _check_keys(value, KEYS, "")
    fields = Fields(value)
    exchange = Exchange(
        id=fields.name("id") or _content_id(value, deployment),
        deployment=_deployment(fields, deployment),
        started_at=fields.time("started_at") or started_at,
        messages=_messages(fields),
        output=fields.required_text("output"),
        adapter=fields.name("adapter"),
        latency_s=fields.number("latency_s"),
        first_token_s=fields.number("first_token_s"),
        prompt_tokens=fields.count("prompt_tokens"),
        output_tokens=fields.count("output_tokens"),
        token_logprobs=fields.logprobs("token_logprobs"),
        token_entropies=fields.entropies("token_entropies"),
        context=fields.passages("context"),
        finish_reason=fields.finish_reason("finish_reason"),
        error=fields.text("error"),
        ended_by_caller=fields.boolean("ended_by_caller"),
        caller=fields.text("caller"),
        grade=fields.number("grade", high=1.0),
        tags=fields.texts("tags"),
    )
    return Logged(
        exchange=exchange,
        names_adapter="adapter" in value,
        shadow=_shadow(exchange, value.get("shadow")),
    )


def write(exchange: Exchange, shadow: Exchange | None = None) -> dict[str, Any]:
    """Return the object of a log that reads as this exchange; what is unknown is left out."""
    said: dict[str, Any] = {
        "id": exchange.id,
        "deployment": exchange.deployment,
        "adapter": exchange.adapter,
        "started_at": exchange.started_at.astimezone(UTC).isoformat(),
        "messages": [{"role": each.role, "content": each.content} for each in exchange.messages],
        "output": exchange.output,
    }
    optional: dict[str, Any] = {
        "latency_s": exchange.latency_s,
        "first_token_s": exchange.first_token_s,
        "prompt_tokens": exchange.prompt_tokens,
        "output_tokens": exchange.output_tokens,
        "token_logprobs": _written(exchange.token_logprobs),
        "token_entropies": _written(exchange.token_entropies),
        "context": [{"id": each.id, "text": each.text} for each in exchange.context] or None,
        "finish_reason": exchange.finish_reason.value if exchange.finish_reason else None,
        "error": exchange.error,
        "ended_by_caller": exchange.ended_by_caller or None,
        "caller": exchange.caller,
        "grade": exchange.grade,
        "tags": dict(exchange.tags) or None,
    }
    if shadow is not None:
        optional["shadow"] = _written_shadow(shadow)
    return said | {key: value for key, value in optional.items() if value is not None}


def _written_shadow(shadow: Exchange) -> dict[str, Any]:
    said = {"adapter": shadow.adapter, "output": shadow.output}
    return said if shadow.grade is None else {**said, "grade": shadow.grade}


def _check_keys(value: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "what is your own goes under tags"
            raise BadExchange(f"{where}{key}", f"is not known; {hint}")


def _deployment(fields: Fields, otherwise: str | None) -> str:
    name = fields.name("deployment") or otherwise
    if name is None:
        raise BadExchange("deployment", "is missing: name the deployment that answered")
    return name


def _messages(fields: Fields) -> tuple[Message, ...]:
    prompt, messages = fields.text("prompt"), fields.messages("messages")
    if (prompt is None) is (messages is None):
        raise BadExchange("messages", "or prompt must be there, and not both")
    if messages is not None:
        return messages
    return (Message(role="prompt", content=prompt or ""),)


def _shadow(exchange: Exchange, value: Any) -> Exchange | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadExchange("shadow", "must be an object with adapter and output")
    _check_keys(value, _SHADOW_KEYS, "shadow.")
    fields = Fields(value, "shadow.")
    return replace(
        exchange,
        id=f"{exchange.id}#shadow",
        adapter=fields.name("adapter"),
        output=fields.required_text("output"),
        grade=fields.number("grade", high=1.0),
        latency_s=None,
        first_token_s=None,
        output_tokens=None,
        token_logprobs=None,
        token_entropies=None,
        finish_reason=None,
        error=None,
        ended_by_caller=False,
        tags={**exchange.tags, "shadow_of": exchange.id},
    )


def _content_id(value: Mapping[str, Any], deployment: str | None) -> str:
    """Return a name for an object without one: equal for equal content."""
    content = jsontext.canonical({"deployment": deployment, **value})
    return f"log-{hashlib.blake2b(content.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"


def _written(numbers: tuple[float, ...] | None) -> list[float | None] | None:
    """Return numbers as JSON: it has no word for one that is not finite but null."""
    if numbers is None:
        return None
    return [value if jsontext.is_number(value) else None for value in numbers]
