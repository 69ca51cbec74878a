"""What a guard is, and what one that can read a stream gives."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Protocol

from guards.checks.context import GuardContext
from guards.checks.finding import Finding, masked
from guards.checks.folding import Folding

NOTHING_HELD = 2**62  # a place behind every other


class Guard(Protocol):
    """A check of one answer."""

    @property
    def name(self) -> str:
        """The name that settings and counts go by."""

    def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return what is wrong with a whole answer, in its order."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding in places of the folded text."""

    kind: str
    start: int
    end: int
    score: float
    excerpt: str


class Scan(Protocol):
    """Reads the folded text of one answer in pieces."""

    @property
    def log(self) -> Sized:
        """Everything that was found until now; it only grows, and stays the same object."""

    def feed(self, piece: str) -> int:
        """Read on; return the place in front of which nothing can be found any more."""

    def finish(self) -> None:
        """Take the text as ended."""

    def hits(self) -> tuple[Hit, ...]:
        """Return what was found until now; more text adds to it and takes nothing back."""


class ScanningGuard(Guard, Protocol):
    """A guard that need not wait for the end of an answer."""

    def scan(self, context: GuardContext) -> Scan:
        """Return a reader for one answer."""


def scanned(answer: str, scan: Scan) -> tuple[Finding, ...]:
    """Return what a scan finds in a whole answer."""
    folding = Folding()
    scan.feed(folding.feed(answer))
    scan.finish()
    return findings(scan.hits(), folding)


def findings(hits: tuple[Hit, ...], folding: Folding) -> tuple[Finding, ...]:
    """Return hits as findings in places of the original text, in its order."""
    return tuple(
        Finding(
            kind=hit.kind,
            start=folding.start(hit.start),
            end=folding.end(hit.end),
            score=hit.score,
            excerpt=hit.excerpt,
        )
        for hit in sorted(hits, key=lambda hit: (hit.start, hit.end, hit.kind))
    )


def hit(kind: str, start: int, end: int, score: float, beginning: str) -> Hit:
    """Return a hit of which no more than two characters are kept."""
    return Hit(kind, start, end, score, masked(beginning, end - start))
