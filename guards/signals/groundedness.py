"""Signals of groundedness: how much of what the answer says stands in the context it was given.

The context is what the system, tools and retrieval said, and the passages that came with the
exchange. Nothing is understood here: a share of what occurs again is what it says. It falls when a
model starts to make things up, and when it starts to use words of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, column
from guards.vocabulary import Vocabulary

_T = TypeVar("_T")
_Share = Callable[[Vocabulary, Vocabulary], float]


def words(answer: Vocabulary, context: Vocabulary) -> float:
    """Return the share of the answer's content words that the context has; NaN without any."""
    return _share(answer.content, context.content)


def ngrams(answer: Vocabulary, context: Vocabulary) -> float:
    """Return the share of the answer's n-grams that the context has; NaN without any."""
    return _share(answer.ngrams, context.ngrams)


def numbers(answer: Vocabulary, context: Vocabulary) -> float:
    """Return the share of the answer's numbers that the context has; NaN without any."""
    return _share(answer.numbers, context.numbers)


def names(answer: Vocabulary, context: Vocabulary) -> float:
    """Return the share of the answer's names that occur in the context; NaN without any."""
    if not answer.names:
        return math.nan
    return sum(map(context.holds, answer.names)) / len(answer.names)


def _share(found: frozenset[_T], known: frozenset[_T]) -> float:
    return len(found & known) / len(found) if found else math.nan


def _grounded(share: _Share) -> Callable[[Batch], Values]:
    """Return the `compute` of a share; NaN for answers without context."""
    return lambda batch: column(
        math.nan if pair is None else share(*pair) for pair in batch.grounds
    )


def _signal(name: str, what: str, share: _Share, *, channel: bool = True) -> Signal:
    return Signal(
        name=name,
        unit="",
        low=0,
        high=1,
        meaning=f"share of {what} from the context",
        tail=Tail.LOWER,
        compute=_grounded(share),
        channel=channel,
        family=Family.GROUNDEDNESS,
    )


SIGNALS = (
    _signal("grounded_words", "content words", words),
    _signal("grounded_ngrams", "n-grams", ngrams, channel=False),  # follows grounded_words
    _signal("grounded_numbers", "numbers", numbers),
    _signal("grounded_names", "names", names, channel=False),  # its names are most often words
)
