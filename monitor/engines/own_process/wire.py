"""What the two processes say to each other: JSON in frames, a number for each question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from guards.exchange import FinishReason, Message
from monitor import errors
from monitor.errors import BackstopError, EngineError
from monitor.ports.engine import Generation, Piece, Token

MOST_BYTES = 64 << 20
_ERRORS: Mapping[str, type[BackstopError]] = {
    kind.__name__: kind
    for kind in (
        errors.BadRequest,
        errors.EngineError,
        errors.OutOfMemory,
        errors.Unavailable,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the process is to open its engine.

    Args:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        memory_share: the most of a GPU's memory, in (0, 1].
        niceness: from 0 to 19.
        max_batch: rows in one step.
        columns: of the key-value cache together, at most.
        threads: CPU threads; `None` leaves one core free.
    """

    model: str
    device: str
    memory_share: float
    niceness: int
    max_batch: int
    columns: int
    threads: int | None


def encoded(message: Mapping[str, Any]) -> bytes:
    """Return a message's bytes."""
    return json.dumps(message).encode()


def decoded(payload: bytes) -> dict[str, Any]:
    """Return the message of some bytes."""
    return dict(json.loads(payload))


def generation_record(generation: Generation) -> dict[str, Any]:
    """Return a generation as JSON."""
    return asdict(generation)


def generation_of(record: Mapping[str, Any]) -> Generation:
    """Return what `generation_record` told."""
    lists = {"stop": tuple(record["stop"]), "tools": tuple(record["tools"])}
    return Generation(**{**record, **lists, "messages": messages_of(record["messages"])})


def messages_of(records: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Return messages that were told as JSON."""
    return tuple(Message(**each) for each in records)


def answer_record(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return a whole answer as JSON; alternatives of tokens are left out."""
    counts = [each.prompt_tokens for each in pieces if each.prompt_tokens is not None]
    reasons = [each.finish_reason for each in pieces if each.finish_reason is not None]
    return {
        "text": "".join(each.text for each in pieces),
        "tokens": [(t.id, t.text, t.logprob) for each in pieces for t in each.tokens],
        "reason": reasons[-1].value if reasons else None,
        "prompt_tokens": counts[-1] if counts else None,
    }


def answer_of(record: Mapping[str, Any]) -> Piece:
    """Return the answer that `answer_record` told, as one piece."""
    return Piece(
        text=record["text"],
        tokens=tuple(Token(id=i, text=text, logprob=value) for i, text, value in record["tokens"]),
        finish_reason=None if record["reason"] is None else FinishReason(record["reason"]),
        prompt_tokens=record["prompt_tokens"],
    )


def error_record(error: BackstopError) -> dict[str, str]:
    """Return an error as JSON."""
    return {"kind": type(error).__name__, "message": str(error)}


def error_of(record: Mapping[str, str]) -> BackstopError:
    """Return the error that was told; of an unknown kind it is the engine's."""
    return _ERRORS.get(record["kind"], EngineError)(record["message"])
