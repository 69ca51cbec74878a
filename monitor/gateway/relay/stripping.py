"""Taking log-probabilities out of an answer that only the record was to have them."""

from __future__ import annotations

from monitor.gateway.relay.splice import replace_field

_NAME = "logprobs"
_QUOTED = b'"logprobs"'
_DEPTH = 3  # {"choices": [{"logprobs": …}]}
_DATA = b"data:"
_LONGEST = 8 << 20  # a longer line is passed on as it is: it is no frame of an answer


class StreamStripping:
    """Takes them out of a stream of server-sent events, line by line."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # the line that is not complete yet
        self._size = 0

    def feed(self, chunk: bytes) -> bytes:
        """Take a part of the stream, and return the lines that are complete by now."""
        self._held.append(chunk)
        self._size += len(chunk)
        if b"\n" not in chunk and b"\r" not in chunk and self._size < _LONGEST:
            return b""
        lines = self._released().splitlines(keepends=True)
        if not lines[-1].endswith((b"\n", b"\r")) and len(lines[-1]) < _LONGEST:
            self._held, self._size = [lines[-1]], len(lines.pop())
        return b"".join(_stripped(line) for line in lines)

    def end(self) -> bytes:
        """Return the rest."""
        return _stripped(self._released())

    def _released(self) -> bytes:
        held, self._held, self._size = b"".join(self._held), [], 0
        return held


def strip_whole(body: bytes) -> bytes:
    """Return an answer's body without them; one that is no JSON object stays as it is."""
    return _null(body) if body.lstrip().startswith(b"{") else body


def _stripped(line: bytes) -> bytes:
    return _null(line) if line.startswith(_DATA) and _QUOTED in line else line


def _null(text: bytes) -> bytes:
    try:
        return replace_field(text, _NAME, b"null", depth=_DEPTH)
    except ValueError:
        return text  # not JSON: the engine's own words
