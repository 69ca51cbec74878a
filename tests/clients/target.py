"""What a suite is run against, and what two runs are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What differs from one answer to the next, whoever gives it.
_VOLATILE = frozenset({"id", "created", "request_id", "_request_id"})
_WRITTEN = frozenset({"content", "text", "arguments"})  # what streams write in parts
_DIGITS = 3  # of log-probabilities: a batch of another shape changes the last bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that speaks OpenAI's protocol.

    Args:
        url: with `/v1`; key: the bearer token; model: the name to ask for.
    """

    url: str
    key: str
    model: str


def comparable(value: Any) -> Any:
    """Return a transcript without what differs from one answer to the next."""
    if isinstance(value, Mapping):
        return {k: comparable(each) for k, each in value.items() if k not in _VOLATILE}
    if isinstance(value, list | tuple):
        return [comparable(each) for each in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


def joined(transcript: Any) -> Any:
    """Return the chunks of a stream put together, any other transcript as it is.

    A server under load puts several tokens into one chunk, and others the next time.
    """
    if not isinstance(transcript, list):
        return transcript
    whole: dict[str, Any] = {}
    for chunk in transcript:
        choices = whole.setdefault("choices", {})
        for choice in chunk["choices"]:
            _add(choices.setdefault(choice["index"], {}), choice)
        whole |= {
            key: value for key, value in chunk.items() if key != "choices" and value is not None
        }
    return whole


def _add(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, Mapping):
            _add(whole.setdefault(key, {}), value)
        elif isinstance(value, list):
            whole[key] = [*whole.get(key, []), *value]
        elif key in _WRITTEN and value is not None:
            whole[key] = whole.get(key, "") + value
        elif value is not None:
            whole[key] = value
