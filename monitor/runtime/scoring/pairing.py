"""Finds the answer that a shadow is a second answer to, and says how far the two agree."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from guards import clues
from guards.exchange import Exchange
from guards.reference import is_comparable

_MOST = 2048  # ids of answers remembered
_LONGEST = 16_384  # characters of an answer that is


class Pairing:
    """Remembers the latest answers, from the first shadow on: without shadows it costs nothing.

    A shadow is asked for once its answer is through, so it comes in a later batch as a rule.
    """

    def __init__(self) -> None:
        self._latest: OrderedDict[str, Exchange] = OrderedDict()
        self._has_met_one = False

    def pairs(self, exchanges: Sequence[Exchange]) -> dict[int, tuple[Exchange, Exchange]]:
        """Take in the next answers; return for rows of shadows the answer and the shadow."""
        self._has_met_one = self._has_met_one or any("shadow_of" in each.tags for each in exchanges)
        if not self._has_met_one:
            return {}
        for each in exchanges:
            if "shadow_of" not in each.tags:
                self._remember(each)
        found = {}
        for row, shadow in enumerate(exchanges):
            answer = self._latest.get(shadow.tags.get("shadow_of", ""))
            if answer is not None and is_comparable(shadow):
                found[row] = (answer, shadow)
        return found

    def agreement(self, exchanges: Sequence[Exchange]) -> Mapping[int, Mapping[str, float]]:
        """Take in the next answers; return for rows of shadows how far the answers agree."""
        pairs = self.pairs(exchanges)
        return dict(zip(pairs, clues.of_pairs(list(pairs.values())), strict=True))

    def _remember(self, answer: Exchange) -> None:
        if not is_comparable(answer) or len(answer.output) > _LONGEST:
            return
        for name in known_as(answer):
            self._latest[name] = answer
        while len(self._latest) > _MOST:
            self._latest.popitem(last=False)


def known_as(answer: Exchange) -> frozenset[str]:
    """Return the ids that shadows know an answer by: a relay's own, or that of the record."""
    tags = answer.tags
    return frozenset({answer.id, tags.get("relayed_as", tags.get("request_id", answer.id))})
