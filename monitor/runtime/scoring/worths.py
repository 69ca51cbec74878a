"""What live answers were worth, until their shadows come: then the difference is evidence."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from guards.exchange import Exchange
from monitor.runtime.scoring.pairing import known_as

_MOST = 20_000  # names; an answer has one or two
_MOST_CHARACTERS = 2_000_000  # of the texts kept for a judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What is kept of a live answer.

    Args:
        worth: in [0, 1]. caller: hashed, `None` is unknown.
        text: of the answer, kept where a judge compares; else empty.
        is_graded: whether somebody graded it, which says more.
    """

    adapter: str | None
    epoch: int
    worth: float
    caller: str | None
    is_graded: bool
    text: str = ""


class Worths:
    """Remembers the latest live answers by the names that shadows know them by."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._latest: OrderedDict[str, Worth] = OrderedDict()
        self._characters = 0

    def remember(self, answer: Exchange, worth: Worth) -> None:
        """Keep what a live answer is worth; the oldest go where there are too many."""
        for name in known_as(answer):
            self._forget(name)
            self._latest[name] = worth
            self._characters += len(worth.text)
        while len(self._latest) > self._most or self._characters > _MOST_CHARACTERS:
            self._forget(next(iter(self._latest)))

    def _forget(self, name: str) -> None:
        worth = self._latest.pop(name, None)
        if worth is not None:
            self._characters -= len(worth.text)

    def of(self, shadow: Exchange) -> Worth | None:
        """Return what the answer is worth that a shadow is a second answer to, if that is known."""
        return self._latest.get(shadow.tags.get("shadow_of", ""))
