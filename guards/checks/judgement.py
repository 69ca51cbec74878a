"""The verdict on one answer, from what its guards found and which of them failed.

A guard that blocks fails closed: what it could not check does not pass. One that observes or flags
fails open. Both are told apart in the judgement, for the shell to count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.guard import Guard


class Mode(Enum):
    """What a guard's finding does to the answer."""

    OBSERVE = "observe"  # means that the finding is recorded, and the answer passes
    FLAG = "flag"  # means that the answer passes with a mark
    BLOCK = "block"  # means that the caller does not get it


class GuardVerdict(Enum):
    """What becomes of an answer."""

    PASS = "pass"  # means that the caller gets it
    FLAG = "flag"  # means that the caller gets it, and it is marked in the record
    BLOCK = "block"  # means that the caller does not get it, or no more of it


_VERDICTS = {
    Mode.OBSERVE: GuardVerdict.PASS,
    Mode.FLAG: GuardVerdict.FLAG,
    Mode.BLOCK: GuardVerdict.BLOCK,
}
_ORDER = (GuardVerdict.PASS, GuardVerdict.FLAG, GuardVerdict.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A guard, and what its findings do."""

    guard: Guard
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one guard said of one answer; `failed` means that it could not say."""

    guard: str
    mode: Mode
    findings: tuple[Finding, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on one answer.

    Args:
        failed_open: names of the guards that failed and let the answer pass.
        failed_closed: names of the guards that failed and blocked it.
    """

    verdict: GuardVerdict
    findings: tuple[Finding, ...] = ()
    failed_open: tuple[str, ...] = ()
    failed_closed: tuple[str, ...] = ()


def conclude(reports: Sequence[Report]) -> Judgement:
    """Return the verdict that reports lead to: the severest of theirs."""
    failed = [report for report in reports if report.failed]
    return Judgement(
        verdict=max(map(_verdict, reports), key=_ORDER.index, default=GuardVerdict.PASS),
        findings=tuple(finding for report in reports for finding in report.findings),
        failed_open=tuple(each.guard for each in failed if each.mode is not Mode.BLOCK),
        failed_closed=tuple(each.guard for each in failed if each.mode is Mode.BLOCK),
    )


def judge(answer: str, context: GuardContext, applied: Sequence[Applied]) -> Judgement:
    """Return the verdict on a whole answer. A guard that raises has failed; nothing is raised."""
    return conclude([report(answer, context, each) for each in applied])


def report(answer: str, context: GuardContext, applied: Applied) -> Report:
    """Return what one guard says of a whole answer, or that it failed."""
    name, mode = applied.guard.name, applied.mode
    try:
        found = applied.guard.check(answer, context)
    except Exception:
        return Report(guard=name, mode=mode, failed=True)
    return Report(guard=name, mode=mode, findings=found)


def _verdict(report: Report) -> GuardVerdict:
    if report.failed:
        return GuardVerdict.BLOCK if report.mode is Mode.BLOCK else GuardVerdict.PASS
    return _VERDICTS[report.mode] if report.findings else GuardVerdict.PASS
