"""Server-sent events out of a stream that comes in parts."""

from __future__ import annotations

from monitor.gateway import sse

_BLANK = b"\n\n"
_DATA = b"data: "


class Overlong(Exception):
    """An event is longer than anything that guards look into."""


class Events:
    """Cuts a stream into events.

    Args:
        most_bytes: of one event.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = bytearray()
        self._looked = 0  # no blank line ends in front of it

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that are complete by now. Raises `Overlong`."""
        held = self._held
        if (
            not held
            and chunk.startswith(_DATA)
            and chunk.endswith(_BLANK)
            and chunk.count(b"\n") == 2
            and b"\r" not in chunk
        ):
            return [chunk[len(_DATA) : -len(_BLANK)]]  # one event, as most parts are
        if held.endswith(b"\r"):  # it may be half of a line end
            del held[-1]
            chunk = b"\r" + chunk
        held += chunk if b"\r" not in chunk else _with_plain_ends(chunk)
        end = held.rfind(_BLANK, max(self._looked - 1, 0)) + len(_BLANK)
        self._looked = len(held)
        if end < len(_BLANK):
            if len(held) > self._most_bytes:
                raise Overlong
            return []
        complete = bytes(held[:end])
        del held[:end]
        self._looked = len(held)
        return list(sse.events(complete))

    def end(self) -> list[bytes]:
        """Return the data of an event that no blank line has ended."""
        rest = bytes(self._held)
        self._held.clear()
        return list(sse.events(rest))


def _with_plain_ends(chunk: bytes) -> bytes:
    """Return a chunk with LF for every line end; a CR at its end stays."""
    kept = b"\r" if chunk.endswith(b"\r") else b""
    body = chunk[: len(chunk) - len(kept)]
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + kept
