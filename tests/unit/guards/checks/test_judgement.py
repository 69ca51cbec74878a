"""Verdicts from reports."""

from __future__ import annotations

import pytest

from guards.checks import judgement
from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.judgement import Judgement, Mode, Report
from guards.guarded import GuardVerdict
from tests.unit.guards.checks.samples import CONTEXT, applied

FOUND = Finding(kind="email", start=0, end=3, score=1.0, excerpt="… (3)")


def _report(mode: Mode, *, found: bool = False, failed: bool = False) -> Report:
    return Report(guard="g", mode=mode, findings=(FOUND,) if found else (), failed=failed)


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        (Mode.OBSERVE, GuardVerdict.PASS),
        (Mode.FLAG, GuardVerdict.FLAG),
        (Mode.BLOCK, GuardVerdict.BLOCK),
    ],
)
def test_a_finding_does_what_its_guard_s_mode_says(mode: Mode, verdict: GuardVerdict) -> None:
    """Observing changes nothing for the caller."""
    judged = judgement.conclude([_report(mode, found=True)])
    assert judged == Judgement(verdict=verdict, findings=(FOUND,))


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.FLAG])
def test_observers_fail_open(mode: Mode) -> None:
    """Their failure is named, for the shell to count."""
    judged = judgement.conclude([_report(mode, failed=True)])
    assert judged == Judgement(verdict=GuardVerdict.PASS, failed_open=("g",))


def test_blockers_fail_closed() -> None:
    """What could not be checked does not pass."""
    judged = judgement.conclude([_report(Mode.BLOCK, failed=True)])
    assert judged == Judgement(verdict=GuardVerdict.BLOCK, failed_closed=("g",))


def test_the_severest_verdict_counts() -> None:
    """In whatever order the guards report."""
    reports = [_report(Mode.BLOCK, found=True), _report(Mode.FLAG, found=True), _report(Mode.BLOCK)]
    assert judgement.conclude(reports).verdict is GuardVerdict.BLOCK
    assert judgement.conclude(reports[1:]).verdict is GuardVerdict.FLAG


def test_no_guards_let_everything_pass() -> None:
    """There is nothing to object."""
    assert judgement.conclude([]).verdict is GuardVerdict.PASS


def test_a_guard_that_raises_has_failed() -> None:
    """Here the schema cannot be used; the other guard still says what it found."""
    context = GuardContext(response_schema={"type": "nonsense"})
    guards = applied("block", ("schema", "personal_data"))
    judged = judgement.judge('"anna@gmail.com"', context, guards)
    assert judged.failed_closed == ("schema",)
    assert [each.kind for each in judged.findings] == ["email"]


def test_a_harmless_answer_passes_all_guards() -> None:
    """With nothing found and nothing failed."""
    judged = judgement.judge("It arrives on Monday.", CONTEXT, applied("block"))
    assert judged == Judgement(verdict=GuardVerdict.PASS)
