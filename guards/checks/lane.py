"""A lane: one reader of an answer, and the guards that it reads for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from guards.checks.context import GuardContext
from guards.checks.folding import Folding
from guards.checks.guard import NOTHING_HELD, Hit, Scan, ScanningGuard, findings
from guards.checks.judgement import Applied, Mode, Report
from guards.checks.pattern_guard import PatternGuard
from guards.checks.pattern_scan import PatternScan
from guards.checks.repetition import RepetitionGuard, RunScan

Hits = Callable[[], tuple[Hit, ...]]


@dataclass(frozen=True, slots=True)
class _Owner:
    """A guard of a lane, and where its hits are."""

    applied: Applied
    hits: Hits


class Lane:
    """Feeds one reader; what the reader raises makes the lane fail, and is not raised on.

    `blocks` tells whether a blocking guard is among them, `objects` whether one has found something,
    or cannot look any more.
    """

    def __init__(self, scan: Scan, owners: Sequence[_Owner]) -> None:
        self._scan = scan
        self._read = scan.feed
        self._owners = owners
        self._blocking = [each for each in owners if each.applied.mode is Mode.BLOCK]
        self._failed = False
        self._log = scan.log
        self._count = 0
        self.blocks = bool(self._blocking)
        self.objects = False

    def _object(self) -> None:
        """Note whether a blocking guard has found something, or cannot look any more."""
        self._count = len(self._log)
        self.objects = any(self._failed or owner.hits() for owner in self._blocking)

    def feed(self, piece: str) -> int:
        """Read on; return the place in front of which no blocking guard objects any more."""
        if self._failed:
            return NOTHING_HELD
        try:
            place = self._read(piece)
        except Exception:
            self._failed = True
            self._object()
            return NOTHING_HELD
        if len(self._log) != self._count:
            self._object()
        return place if self.blocks else NOTHING_HELD

    def finish(self) -> None:
        """Take the answer as ended."""
        try:
            self._scan.finish()
        except Exception:
            self._failed = True

    def reports(self, folding: Folding) -> list[Report]:
        """Return what each guard has said until now."""
        return [
            Report(
                guard=owner.applied.guard.name,
                mode=owner.applied.mode,
                findings=findings(owner.hits(), folding),
                failed=self._failed,
            )
            for owner in self._owners
        ]


class _Unreadable:
    """Stands for a reader that could not be opened."""

    log: tuple[()] = ()

    def feed(self, _piece: str) -> int:
        """Raise, so that the lane fails."""
        raise RuntimeError("the guard could not be opened")

    def finish(self) -> None:
        """Raise, so that the lane fails."""
        raise RuntimeError("the guard could not be opened")

    def hits(self) -> tuple[Hit, ...]:
        """Return nothing."""
        return ()


def opened(applied: Sequence[Applied], context: GuardContext) -> list[Lane]:
    """Return the lanes of all guards with a scan; guards of one family share a reader."""
    patterned = [each for each in applied if isinstance(each.guard, PatternGuard)]
    repeated = [each for each in applied if isinstance(each.guard, RepetitionGuard)]
    others = [each for each in applied if is_scanning(each) and each not in patterned + repeated]
    lanes = [_lane([each], partial(_own, each, context)) for each in others]
    if repeated:
        lanes.insert(0, _lane(repeated, partial(_runs, repeated, context)))
    if patterned:
        lanes.insert(0, _lane(patterned, partial(_patterns, patterned, context)))
    return lanes


def is_scanning(applied: Applied) -> bool:
    """Return whether a guard can read a stream."""
    return hasattr(applied.guard, "scan")


def _lane(applied: Sequence[Applied], open_scan: Callable[[], Scan]) -> Lane:
    try:
        scan = open_scan()
    except Exception:
        scan = _Unreadable()
    if isinstance(scan, PatternScan | RunScan):
        hits = [scan.hits_of(index) for index in range(len(applied))]
    else:
        hits = [scan.hits] * len(applied)
    return Lane(scan, [_Owner(each, own) for each, own in zip(applied, hits, strict=True)])


def _own(applied: Applied, context: GuardContext) -> Scan:
    return cast(ScanningGuard, applied.guard).scan(context)


def _patterns(applied: Sequence[Applied], context: GuardContext) -> Scan:
    guards = [cast(PatternGuard, each.guard) for each in applied]
    return PatternScan([guard.patterns(context) for guard in guards])


def _runs(applied: Sequence[Applied], context: GuardContext) -> Scan:
    return RunScan([cast(RepetitionGuard, each.guard) for each in applied], context)
