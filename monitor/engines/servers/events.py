"""Server-sent events as these servers send them: one JSON object after `data:`, then `[DONE]`.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html; of its line ends only LF
and CR LF are in use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.errors import EngineError

_LONGEST = 16 * 2**20  # bytes of a line; an answer's token needs some hundred
_DONE = b"[DONE]"


class EventReader:
    """Reads events from bytes as they come, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""
        self.done = False  # whether `[DONE]` has come

    def feed(self, part: bytes) -> list[Mapping[str, Any]]:
        """Return the events that are complete now. Raises `EngineError` at what is no JSON object."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > _LONGEST:
            raise EngineError(f"the server sends a line of more than {_LONGEST} bytes")
        data = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
        self.done = self.done or _DONE in data
        return [_object(item) for item in data if item != _DONE]


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(data)
    except ValueError as error:
        raise EngineError(f"the server sends an event that is not JSON: {data[:80]!r}") from error
    if not isinstance(event, Mapping):
        raise EngineError(f"the server sends an event that is no object: {data[:80]!r}")
    return event
