"""The JSON of answers under guards: what is read leniently, and what of it goes on."""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.gateway import wire
from monitor.gateway.guarding.choice import Unreadable

Json = dict[str, Any]
encode = msgspec.json.Encoder().encode
# Everything else is left out: a list of token ids, say, would give the text away.
_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_COUNTS = frozenset(
    f"{name}_tokens"
    for name in (
        *("prompt", "completion", "total", "cached", "audio", "text", "image", "reasoning"),
        *("accepted_prediction", "rejected_prediction"),
    )
) | {"prompt_tokens_details", "completion_tokens_details"}
_LONGEST = 512  # characters of a field of the head


def read(data: bytes) -> Json:
    """Return an answer, or an event of one. Raises `Unreadable`."""
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        value = wire.parse(data)
    if not isinstance(value, dict):
        raise Unreadable("the engine's answer is no JSON object")
    return value


def head_of(answer: Json) -> Json:
    """Return what an answer says of itself beside its choices."""
    return {key: answer[key] for key in _HEAD if key in answer and _is_plain(answer[key])}


def usage_of(answer: Json) -> Json:
    """Return the counts of an answer, as a field to add."""
    usage = answer.get("usage")
    return {"usage": _known(usage)} if isinstance(usage, dict) and _counts(usage) else {}


def choices_of(answer: Json) -> list[tuple[int, Json]]:
    """Return the choices with their indices. Raises `Unreadable`."""
    given = answer.get("choices")
    if given is None:
        return []
    if not isinstance(given, list):
        raise Unreadable("choices is no list")
    return [(_index(each), each) for each in given]


def event(value: Json) -> bytes:
    """Return a server-sent event."""
    return b"data: " + encode(value) + b"\n\n"


def _index(choice: object) -> int:
    index = choice.get("index", 0) if isinstance(choice, dict) else None
    if type(index) is not int or index < 0:
        raise Unreadable("a choice has no index")
    return index


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return value is None or isinstance(value, int | float)


def _known(usage: Json) -> Json:
    """Return the counts with a known name: others could spell the answer."""
    return {
        key: _known(value) if isinstance(value, dict) else value
        for key, value in usage.items()
        if key in _COUNTS
    }


def _counts(usage: Json) -> bool:
    """Whether there is nothing but numbers in it, however deep."""
    return all(
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, dict) and _counts(value))
        for value in usage.values()
    )
