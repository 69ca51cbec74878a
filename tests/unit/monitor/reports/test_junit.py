"""A golden run as JUnit XML."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from guards.flips import Flip
from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun
from monitor.reports.golden_run import AnswerReport, CaseReport, GoldenRunReport
from monitor.reports.junit import junit


def _answer(output: str, grade: float, error: str | None = None) -> AnswerReport:
    return AnswerReport(output=output, raw=grade, grade=grade, error=error)


def _case(name: str, grade: float, flip: Flip, **changes: object) -> CaseReport:
    facts: dict[str, object] = {
        "id": name,
        "slice": "prices",
        "prompt": "?",
        "expected": "4",
        "subject": _answer("5", grade),
        "against": _answer("4", 1.0),
        "flip": flip,
        "is_critical": False,
        "is_flaky": False,
        "is_refused": False,
    }
    return CaseReport(**{**facts, **changes})  # type: ignore[arg-type]


def _read(verdict: Verdict | None, *cases: CaseReport) -> ElementTree.Element:
    run = GoldenRun(
        id="r",
        deployment="support",
        subject="support@2",
        against="support@1",
        compared=True,
        cause="gate",
        set_digest="d",
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
        verdict=verdict,
        summary={"sentence": "mean grade 0.5"},
    )
    return ElementTree.fromstring(junit(GoldenRunReport(run=run, cases=cases)))


def test_what_got_worse_is_a_failure_with_both_answers() -> None:
    """The rest passes; the counts of the suite agree with its tests."""
    broken, same = _case("a", 0.0, Flip.BROKEN), _case("b", 1.0, Flip.SAME)
    suite = _read(Verdict.FAIL, broken, same)
    failed = suite.find("testcase[@name='a']/failure")
    assert failed is not None
    assert failed.get("message") == "got worse: grade 0 after 1"
    assert failed.text == "expected:\n4\n\nanswer:\n5\n\nanswer before:\n4"
    assert suite.find("testcase[@name='b']/*") is None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "0")


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.OK, None),
        (Verdict.WARN, None),
        (Verdict.FAIL, "failure"),
        (Verdict.INCONCLUSIVE, "error"),
        (Verdict.ERROR, "error"),
        (None, "error"),
    ],
)
def test_the_verdict_is_a_test_of_its_own(verdict: Verdict | None, kind: str | None) -> None:
    """What nobody can say is an error, and never a silent pass."""
    suite = _read(verdict)
    found = [each.tag for each in suite.findall("testcase[@name='verdict']/*")]
    assert found == ([kind] if kind else [])


def test_a_critical_failure_and_a_broken_answer_are_told_apart() -> None:
    """A critical case fails also where it was wrong before."""
    critical = _case("a", 0.0, Flip.SAME, is_critical=True, is_refused=True)
    away = _case("b", 0.0, Flip.BROKEN, subject=_answer("", 0.0, "no answer within 5 s"))
    suite = _read(Verdict.ERROR, critical, away)
    failed, error = suite.find(".//failure"), suite.find("testcase[@name='b']/error")
    assert failed is not None
    assert str(failed.get("message")).startswith("critical case failed")
    assert error is not None
    assert error.get("message") == "no answer within 5 s"


def test_hostile_text_is_text() -> None:
    """Markup is escaped, and what XML has no place for is replaced."""
    hostile = "]]><script>\x00\x1b\ud800&"
    suite = _read(Verdict.FAIL, _case("a", 0.0, Flip.BROKEN, subject=_answer(hostile, 0.0)))
    text = suite.findtext("testcase[@name='a']/failure")
    assert text is not None
    assert "]]><script>\ufffd\ufffd\ufffd&" in text
