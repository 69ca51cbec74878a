"""How waiting requests are packed into the running batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_REFILL = 8  # a batch is refilled when an eighth of its rows is free: each refill moves the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How many rows share a step, and which come first.

    Args:
        rows: most rows in one step, at least 1.
        columns: most columns of the key-value cache together, padding included; 0: no limit. A row
            that is longer by itself runs alone.
        ahead: requests that are read before their turn and sorted by length, so that neighbours
            need little padding; 0: they run in the order in which they came.
        linger_s: how long an idle engine waits for more before it begins.
        prefixes: versions whose prompts' common beginning is kept, so that it is computed once.
    """

    rows: int
    columns: int = 0
    ahead: int = 0
    linger_s: float = 0.0
    prefixes: int = 0

    def room(self, running: int) -> int:
        """Return how many rows may join, beside so many that run."""
        free = self.rows - running
        return free if not self.ahead or free * _REFILL >= self.rows else 0

    def fitting(self, widths: Sequence[int], running: Sequence[int]) -> int:
        """Return how many of the first waiting rows may join.

        Args:
            widths: most tokens that each waiting row may come to, in the order of their turns.
            running: the same of each row that runs.

        >>> Packing(rows=8, columns=100).fitting([40, 40, 40], [])
        2
        """
        room, widest = self.room(len(running)), max(running, default=0)
        for count, width in enumerate(widths[:room]):
            widest = max(widest, width)
            columns = widest * (len(running) + count + 1)
            if self.columns and columns > self.columns and (running or count):
                return count
        return min(room, len(widths))
