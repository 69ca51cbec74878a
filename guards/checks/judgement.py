"""The verdict on one answer, from what its guards found and which of them failed.

A guard that blocks fails closed: what it could not check does not pass. One that observes or flags
fails open. Both are told apart in the judgement, for the shell to count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.guard import Guard
from guards.guarded import SEVERITY, Guarded, GuardVerdict


class Mode(Enum):
    """What a guard's finding does to the answer."""

    OBSERVE = "observe"  # means that the finding is recorded, and the answer passes
    FLAG = "flag"  # means that the answer passes with a mark
    BLOCK = "block"  # means that the caller does not get it


_VERDICTS = {
    Mode.OBSERVE: GuardVerdict.PASS,
    Mode.FLAG: GuardVerdict.FLAG,
    Mode.BLOCK: GuardVerdict.BLOCK,
}


class Outcome(Enum):
    """What one guard did to one answer, as it is counted."""

    PASS = "pass"  # means that it found nothing
    FLAG = "flag"  # means that it found something, and the answer passed
    BLOCK = "block"  # means that it found something, and the caller did not get it
    FAILED_OPEN = "failed_open"  # means that it could not say, and the answer passed
    FAILED_CLOSED = "failed_closed"  # means that it could not say, and the answer was blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A guard, and what its findings do."""

    guard: Guard
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one guard said of one answer; `failed` means that it could not say of all of it."""

    guard: str
    mode: Mode
    findings: tuple[Finding, ...] = ()
    failed: bool = False

    @property
    def outcome(self) -> Outcome:
        """What is counted of it."""
        blocks = self.mode is Mode.BLOCK
        if self.findings:
            return Outcome.BLOCK if blocks else Outcome.FLAG
        if self.failed:
            return Outcome.FAILED_CLOSED if blocks else Outcome.FAILED_OPEN
        return Outcome.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on one answer.

    Args:
        failed_open: names of the guards that failed and let the answer pass.
        failed_closed: names of the guards that failed and blocked it.
        reports: what each guard said, in the order of the settings.
    """

    verdict: GuardVerdict
    findings: tuple[Finding, ...] = ()
    failed_open: tuple[str, ...] = ()
    failed_closed: tuple[str, ...] = ()
    reports: tuple[Report, ...] = field(default=(), compare=False)

    def guarded(self) -> Guarded:
        """Return what the record keeps of it."""
        kinds = Counter(
            f"{each.guard}.{finding.kind.removeprefix(each.guard + ':')}"
            for each in self.reports
            for finding in each.findings
        )
        return Guarded(
            verdict=self.verdict,
            kinds=dict(kinds),
            failed_open=self.failed_open,
            failed_closed=self.failed_closed,
        )


def merged(reports: Iterable[Report]) -> tuple[Report, ...]:
    """Return one report for each guard, of several texts that are one answer."""
    found: dict[str, Report] = {}
    for each in reports:
        other = found.get(each.guard)
        if other is not None:
            each = replace(
                each, findings=other.findings + each.findings, failed=other.failed or each.failed
            )
        found[each.guard] = each
    return tuple(found.values())


def conclude(reports: Sequence[Report]) -> Judgement:
    """Return the verdict that reports lead to: the severest of theirs."""
    failed = [report for report in reports if report.failed]
    return Judgement(
        verdict=max(map(_verdict, reports), key=SEVERITY.index, default=GuardVerdict.PASS),
        findings=tuple(finding for report in reports for finding in report.findings),
        failed_open=tuple(each.guard for each in failed if each.mode is not Mode.BLOCK),
        failed_closed=tuple(each.guard for each in failed if each.mode is Mode.BLOCK),
        reports=tuple(reports),
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
    if report.findings:
        return _VERDICTS[report.mode]
    closed = report.failed and report.mode is Mode.BLOCK
    return GuardVerdict.BLOCK if closed else GuardVerdict.PASS
