"""Clues to wrong answers: how sure a version was, how long it went on, and who agrees with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from guards import named
from guards.exchange import Exchange
from guards.signals import catalogue
from guards.signals.signal import Family

_FAMILIES = frozenset({Family.LIKELIHOOD, Family.GROUNDEDNESS})
_OTHERS = frozenset({"characters", "lines"})  # length alone tells much: what is hard is long
NAMES = (
    _OTHERS
    | {signal.name for signal in catalogue.CATALOGUE if signal.family in _FAMILIES}
    | {signal.name for signal in catalogue.PAIRS}
)


def of(signals: Mapping[str, float]) -> dict[str, float]:
    """Return the clues among the signals of an answer."""
    return {name: value for name, value in signals.items() if name in NAMES}


def of_answers(
    answers: Sequence[Exchange], others: Sequence[Exchange | None]
) -> list[dict[str, float]]:
    """Return the clues to each answer, beside another answer to its prompt where there is one."""
    found = list(map(of, catalogue.table(answers).mappings()))
    rows = [row for row, other in enumerate(others) if other is not None]
    pairs = [(answers[row], other) for row in rows if (other := others[row]) is not None]
    for row, agreement in zip(rows, of_pairs(pairs), strict=True):
        found[row] |= agreement
    return found


def of_pairs(pairs: Sequence[tuple[Exchange, Exchange]]) -> list[dict[str, float]]:
    """Return for each answer and another one to its prompt how far they agree."""
    values = np.empty((len(pairs), len(catalogue.PAIRS)))
    for column, signal in enumerate(catalogue.PAIRS):
        values[:, column] = signal.compute(pairs)
    names = [signal.name for signal in catalogue.PAIRS]
    return named.to_mappings(names, values)
