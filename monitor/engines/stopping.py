"""Stop strings: where an answer ends although the model would go on."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Watches one answer for its stop strings, across the borders of tokens.

    Text that may turn out to be the beginning of a stop string is held back.

    >>> stops = StopStrings(["END"])
    >>> stops.push("well E"), stops.push("N"), stops.push("D more"), stops.hit
    ('well ', '', '', True)
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.hit = False

    def push(self, text: str) -> str:
        """Take new text; return what may go out now."""
        if not self._stops:
            return text
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.hit = True
            return self._release(min(found), rest="")
        return self._release(len(self._held) - self._ambiguous())

    def flush(self) -> str:
        """Return the text held back: the answer is over and it was no stop string."""
        return self._release(len(self._held))

    def _release(self, count: int, rest: str | None = None) -> str:
        text = self._held[:count]
        self._held = self._held[count:] if rest is None else rest
        return text

    def _ambiguous(self) -> int:
        """Return the length of the longest ending that begins a stop string."""
        longest = max(len(stop) for stop in self._stops) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            ending = self._held[-length:]
            if any(stop.startswith(ending) for stop in self._stops):
                return length
        return 0
