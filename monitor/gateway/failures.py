"""How an exchange ends that a model server did not answer: whose fault it is, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from guards import content
from guards.exchange import FinishReason
from monitor.gateway import wire

_LONGEST = 500  # characters of a server's words that are kept
_AWAY = frozenset({429, 502, 503, 504, 529})  # of the engine as such, or of what stands before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an exchange ended, and what the server said of it."""

    reason: FinishReason
    error: str


def of_response(status: int | None, body: bytes) -> Failure:
    """Return how a request failed that was answered with an error status, or not at all."""
    said = _words(wire.parse(body)) or body.decode("utf-8", "replace")
    return Failure(reason=_reason(status), error=_bounded(said) or _named(status))


def of_error(error: Any) -> Failure:
    """Return how an answer failed in the middle of which the server reports an error."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if type(code) is int else 500
    return Failure(reason=_reason(status), error=_bounded(_words(error)) or _named(status))


def _reason(status: int | None) -> FinishReason:
    """Tell what answers from who asks, and from an engine that is away: no version's fault."""
    if status is None or status < 500 or status in _AWAY:
        return FinishReason.INCOMPLETE
    return FinishReason.ERROR


def _words(told: Any) -> str:
    """Return the message of an error, whichever way a server wraps it."""
    if isinstance(told, dict):
        for key in ("error", "message", "detail"):
            if told.get(key):
                return _words(told[key])
    return content.text(told)


def _named(status: int | None) -> str:
    return "the engine did not answer" if status is None else f"the engine answered {status}"


def _bounded(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
