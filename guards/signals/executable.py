"""Signals of executable code: whether Python in the answer parses.

A fence around code makes it useless to a program that takes the answer as it is, and does not
matter to a person. Who reads the answers decides about the sign of a change, so both are measured:
of GPT-4's LeetCode answers of 2023, one fell from .52 to .10 while the other rose from .52 to .70.
"""

from __future__ import annotations

import math

from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, column


def _parses(batch: Batch) -> Values:
    """Return whether each answer's Python parses, fenced or bare; NaN without Python."""
    return column(math.nan if code is None else code.is_sound for code in batch.python)


def _parses_as_is(batch: Batch) -> Values:
    """Return whether each whole answer, as it is, is Python that parses; NaN without Python."""
    return column(
        math.nan if code is None else code.is_bare and code.is_sound for code in batch.python
    )


SIGNALS = (
    Signal(
        name="code_parses",
        unit="",
        low=0,
        high=1,
        meaning="Python parses without its fence",
        tail=Tail.LOWER,
        compute=_parses,
        family=Family.STRUCTURE,
    ),
    Signal(
        name="code_as_is",
        unit="",
        low=0,
        high=1,
        meaning="Python parses as it stands",
        tail=Tail.LOWER,
        compute=_parses_as_is,
        family=Family.STRUCTURE,
    ),
)
