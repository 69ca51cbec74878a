"""A golden run as JUnit XML, which every CI system shows.

Source: the schema that Jenkins' xUnit plugin reads (`testsuite`, `testcase`, `failure`, `error`).
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from guards.flips import Flip
from guards.verdicts import Verdict
from monitor.reports.golden_run import CaseReport, GoldenRunReport

# XML 1.0 has no place for these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 4000
_FAILED = frozenset({Flip.BROKEN, Flip.WORSE})
_BROKE = frozenset({Verdict.ERROR, Verdict.INCONCLUSIVE, None})


def junit(report: GoldenRunReport) -> str:
    """Return the document: the verdict as a test of its own, then every case.

    A case is a failure where it got worse or is critical and failed, so single failures beside a
    verdict that passed are news, and no reason to stop: the exit status and the verdict decide.
    """
    run = report.run
    suite = ElementTree.Element("testsuite", name=_text(f"golden {run.deployment}"))
    tests = [_verdict(report), *(_case(case) for case in report.cases)]
    suite.extend(tests)
    suite.set("tests", str(len(tests)))
    for kind, attribute in (("failure", "failures"), ("error", "errors")):
        suite.set(attribute, str(sum(test.find(kind) is not None for test in tests)))
    suite.set("timestamp", run.started_at.isoformat())
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _verdict(report: GoldenRunReport) -> ElementTree.Element:
    run = report.run
    test = ElementTree.Element("testcase", classname="golden", name="verdict")
    sentence = str(run.summary.get("sentence", "no figures"))
    if run.verdict is Verdict.FAIL:
        _add(test, "failure", sentence, "")
    elif run.verdict in _BROKE:
        _add(test, "error", sentence, "")
    return test


def _case(case: CaseReport) -> ElementTree.Element:
    group = f"golden.{case.slice}" if case.slice else "golden.cases"
    test = ElementTree.Element("testcase", classname=_text(group), name=_text(case.id))
    if case.subject.error is not None:
        _add(test, "error", case.subject.error, "")
    elif case.is_refused or case.flip in _FAILED:
        _add(test, "failure", _why(case), _answers(case))
    return test


def _why(case: CaseReport) -> str:
    before = f" after {case.against.grade:g}" if case.against else ""
    kind = "critical case failed" if case.is_refused else "got worse"
    return f"{kind}: grade {case.subject.grade:g}{before}"


def _answers(case: CaseReport) -> str:
    texts = [("expected", case.expected), ("answer", case.subject.output)]
    if case.against:
        texts.append(("answer before", case.against.output))
    return "\n\n".join(f"{name}:\n{text[:_LONGEST]}" for name, text in texts)


def _add(test: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(test, kind, message=_text(message)).text = _text(text)


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
