"""Finds the answer that a shadow is a second answer to, and says how far the two agree."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from guards import clues
from guards.assessment import Scored
from guards.exchange import Exchange
from guards.reference import is_comparable

MOST_BYTES = 4_000_000  # of the answers remembered, estimated from above
_LONGEST = 16_384  # characters of an answer that is
_FIXED_BYTES = 4_000  # of an answer's own objects and its clues
_CHARACTER_BYTES = 4
_LOGPROB_BYTES = 32  # a float and the place for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An answer and its shadow.

    Args:
        answer: without its prompt. clues: of the answer by itself.
        agreement: how far the two agree, by name.
    """

    answer: Exchange
    clues: Mapping[str, float]
    shadow: Exchange
    agreement: Mapping[str, float]


class Pairing:
    """Remembers the latest answers, from the first shadow on: without shadows it costs nothing.

    A shadow is asked for once its answer is through, so it comes in a later batch as a rule. Of an
    answer no more is kept than pairs need, and the oldest ones go when all take `most_bytes`.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._latest: OrderedDict[str, tuple[Exchange, Mapping[str, float]]] = OrderedDict()
        self._has_met_one = False
        self.size = 0  # bytes

    def pairs(self, scored: Sequence[Scored]) -> Mapping[int, Pair]:
        """Take in the next answers; return for rows of shadows what they make a pair with."""
        shadows = {
            row: name
            for row, each in enumerate(scored)
            if (name := each.exchange.tags.get("shadow_of")) is not None
        }
        self._has_met_one = self._has_met_one or bool(shadows)
        if not self._has_met_one:
            return {}
        for row, each in enumerate(scored):
            if row not in shadows:
                self._remember(each)
        met = {
            row: (*self._latest[name], scored[row].exchange)
            for row, name in shadows.items()
            if name in self._latest and is_comparable(scored[row].exchange)
        }
        agreement = clues.of_pairs([(answer, shadow) for answer, _, shadow in met.values()])
        return {
            row: Pair(answer=answer, clues=own, shadow=shadow, agreement=agrees)
            for (row, (answer, own, shadow)), agrees in zip(met.items(), agreement, strict=True)
        }

    def _remember(self, scored: Scored) -> None:
        answer = scored.exchange
        if not is_comparable(answer) or len(answer.output) > _LONGEST:
            return
        kept = (replace(answer, messages=(), context=()), clues.of(scored.signals))
        for name in known_as(answer):
            self._forget(name)
            self._latest[name] = kept
            self.size += _bytes(answer)
        while self.size > self._most_bytes:
            self._forget(next(iter(self._latest)))

    def _forget(self, name: str) -> None:
        kept = self._latest.pop(name, None)
        if kept is not None:
            self.size -= _bytes(kept[0])


def known_as(answer: Exchange) -> frozenset[str]:
    """Return the ids that shadows know an answer by: a relay's own, or that of the record."""
    tags = answer.tags
    return frozenset({answer.id, tags.get("relayed_as", tags.get("request_id", answer.id))})


def _bytes(answer: Exchange) -> int:
    """Return about how many bytes an answer takes under one name, rather too many."""
    logprobs = len(answer.token_logprobs or ())
    return _FIXED_BYTES + _CHARACTER_BYTES * len(answer.output) + _LOGPROB_BYTES * logprobs
