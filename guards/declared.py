"""What the operator declares of a deployment's answers, beside their JSON Schema."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What tokens cost, in the operator's currency for 1,000 of them.

    Raises:
        ValueError: if a price is negative or not finite.
    """

    prompt: float
    output: float

    def __post_init__(self) -> None:
        if not (0 <= self.prompt < math.inf and 0 <= self.output < math.inf):
            raise ValueError("prices must be finite numbers of at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What answers must be like.

    Expressions are compiled by `guards.patterns`, whose searches end in bounded time; one that cannot
    be compiled says nothing about any answer.

    Args:
        must_match: regular expressions that must all occur in an answer.
        must_not_match: regular expressions none of which may occur in it.
        citation: regular expression of a citation that every answer must have.
        prices: what its tokens cost.
    """

    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    citation: str | None = None
    prices: Prices | None = None
