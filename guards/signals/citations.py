"""Signals of citations: whether the answer names its sources, and whether there are such sources."""

from __future__ import annotations

import math
import re

from guards import patterns
from guards.exchange import Exchange
from guards.signals.signal import Family, Signal, Tail, of_exchange

# [3], [doc-2], [1, 2]; a link [text](…) is no citation, nor is [x] of a list of tasks.
_MARKER = re.compile(r"\[([\w.:#-]{1,64}(?:\s?[,;]\s?[\w.:#-]{1,64}){0,9})\](?!\()")
_SEPARATOR = re.compile(r"\s?[,;]\s?")
_BOX = frozenset("xX")


def markers(text: str) -> tuple[str, ...]:
    """Return what bracketed markers refer to, in order.

    >>> markers("It is so [1, doc-2], see [here](https://example.com).")
    ('1', 'doc-2')
    """
    found = (name for each in _MARKER.findall(text) for name in _SEPARATOR.split(each))
    return tuple(name for name in found if name not in _BOX)


def cited(exchange: Exchange) -> float:
    """Return 1 if the answer has a citation where one is due, 0 if not, NaN where none is due.

    Due is what the operator declared; without that, a marker that refers to a supplied passage,
    where passages were supplied.
    """
    pattern = exchange.declared.citation if exchange.declared else None
    if pattern is not None:
        return _found(pattern, exchange.output)
    if not exchange.context:
        return math.nan
    known = {passage.id for passage in exchange.context}
    return float(not known.isdisjoint(markers(exchange.output)))


def unknown_citations(exchange: Exchange) -> float:
    """Return the share of markers that refer to no supplied passage; NaN without either."""
    found = markers(exchange.output) if exchange.context else ()
    if not found:
        return math.nan
    known = {passage.id for passage in exchange.context}
    return sum(1 for name in found if name not in known) / len(found)


def matches(exchange: Exchange) -> float:
    """Return the share of the declared expressions that the answer keeps to; NaN without any.

    It keeps to one that must occur and does, and to one that must not occur and does not.
    """
    declared = exchange.declared
    if declared is None or not (declared.must_match or declared.must_not_match):
        return math.nan
    kept = [_found(pattern, exchange.output) for pattern in declared.must_match]
    kept += [1 - _found(pattern, exchange.output) for pattern in declared.must_not_match]
    return sum(kept) / len(kept)


def _found(pattern: str, text: str) -> float:
    """Return 1 if a pattern occurs, 0 if not, NaN if that takes too long to say."""
    try:
        return float(patterns.found(pattern, text))
    except patterns.PatternError:
        return math.nan


SIGNALS = (
    Signal(
        name="matches",
        unit="",
        low=0,
        high=1,
        meaning="share of declared expressions kept to",
        tail=Tail.LOWER,
        compute=of_exchange(matches),
        family=Family.STRUCTURE,
    ),
    Signal(
        name="cited",
        unit="",
        low=0,
        high=1,
        meaning="has the citation that is due",
        tail=Tail.LOWER,
        compute=of_exchange(cited),
        family=Family.STRUCTURE,
    ),
    Signal(
        name="unknown_citations",
        unit="",
        low=0,
        high=1,
        meaning="share of citations of nothing that was supplied",
        tail=Tail.UPPER,
        compute=of_exchange(unknown_citations),
        family=Family.STRUCTURE,
    ),
)
