"""The tee: what is kept of answers on their way, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

_CHUNK_OVERHEAD = 48  # bytes that an object and its place in a list take beside its content


@dataclass(slots=True)
class TeeRoom:
    """What all tees together may hold.

    Args:
        answer_bytes: bound of one answer; sum_bytes: bound of all answers under way.
        cut: answers that were cut, since the start.
    """

    answer_bytes: int = 1 << 20
    sum_bytes: int = 64 << 20
    held: int = 0
    cut: int = 0


class Tee:
    """Holds on to the chunks of one answer, without copying them; behind a cut nothing is kept."""

    __slots__ = ("_chunks", "_held", "_room", "cut")

    def __init__(self, room: TeeRoom) -> None:
        self.cut = False
        self._room = room
        self._chunks: list[bytes] = []
        self._held = 0

    def add(self, chunk: bytes) -> None:
        """Keep a chunk if there is room for it."""
        if self.cut:
            return
        room = self._room
        cost = len(chunk) + _CHUNK_OVERHEAD
        if self._held + cost > room.answer_bytes or room.held + cost > room.sum_bytes:
            self.cut = True
            room.cut += 1
            return
        self._chunks.append(chunk)
        self._held += cost
        room.held += cost

    def close(self) -> bytes:
        """Return what is kept, and give the room back."""
        self._room.held -= self._held
        self._held = 0
        chunks, self._chunks = self._chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
