"""A golden run for people: its cases side by side, those that got worse first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guards.flips import Flip, flip
from guards.golden import GoldenCase, GoldenResult
from monitor.errors import NotFound
from monitor.ports.golden import GoldenRecord, GoldenRun, GoldenStore

_LOOKED_AT = 1000  # of the newest runs, where only the beginning of an id is known
_ORDER = {each: place for place, each in enumerate(Flip)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReport:
    """What one version answered. Grades in [0, 1]: as is, and after normalising."""

    output: str
    raw: float
    grade: float
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """A case of a run.

    Args:
        prompt, expected: as texts; empty where the set is not on record any more.
        flip: what became of it; `None` without an answer to compare with.
        is_flaky: whether a version answered it now well, now badly.
        is_refused: whether it is critical and failed.
    """

    id: str
    slice: str
    prompt: str
    expected: str
    subject: AnswerReport
    against: AnswerReport | None
    flip: Flip | None
    is_critical: bool
    is_flaky: bool
    is_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRunReport:
    """A run and its cases: critical failures first, then as `Flip` orders them, then by id."""

    run: GoldenRun
    cases: Sequence[CaseReport]

    @property
    def counts(self) -> Mapping[Flip, int]:
        """How many cases there are of each kind."""
        return {each: sum(case.flip is each for case in self.cases) for each in Flip}


def find(store: GoldenStore, deployment: str, name: str) -> GoldenRun:
    """Return a deployment's run by its id, or by how its id begins. Blocks.

    Raises:
        NotFound: if there is none, or several begin so.
    """
    begun = [run for run in store.runs(deployment, _LOOKED_AT) if name and run.id.startswith(name)]
    whole = store.run(name) if not begun else None
    if whole is not None and whole.deployment == deployment:
        return whole
    if len(begun) == 1:
        return begun[0]
    what = "Several golden runs of" if begun else "No golden run of"
    raise NotFound(
        f"{what} {deployment} begin with {name!r}; `backstop golden show {deployment}` lists them."
    )


def assemble(record: GoldenRecord, run: GoldenRun) -> GoldenRunReport:
    """Return the report of a run. Blocks."""
    results = record.results(run.id)
    cases = {case.id: case for case in record.cases_of(run)}
    theirs = results.get(run.against or "", ()) if run.compared else ()
    against = {each.case_id: each for each in theirs}
    found = [
        _case(run, ours, against.get(ours.case_id), cases.get(ours.case_id))
        for ours in results.get(run.subject or "", ())
    ]
    return GoldenRunReport(run=run, cases=sorted(found, key=_place))


def _case(
    run: GoldenRun, subject: GoldenResult, against: GoldenResult | None, case: GoldenCase | None
) -> CaseReport:
    return CaseReport(
        id=subject.case_id,
        slice=case.slice if case else "",
        prompt=_prompt(case) if case else "",
        expected=_expected(case) if case else "",
        subject=_answer(subject),
        against=_answer(against) if against else None,
        flip=flip(subject.grade, against.grade) if against else None,
        is_critical=case is not None and case.critical,
        is_flaky=subject.case_id in run.summary.get("flaky", ()),
        is_refused=subject.case_id in run.summary.get("critical_failures", ()),
    )


def _answer(result: GoldenResult) -> AnswerReport:
    return AnswerReport(
        output=result.output, raw=result.raw, grade=result.grade, error=result.error
    )


def _prompt(case: GoldenCase) -> str:
    if len(case.messages) == 1:
        return case.messages[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in case.messages)


def _expected(case: GoldenCase) -> str:
    """Return a case's expectation: a text that is due exactly as it is, anything else as JSON."""
    if case.expectation.get("kind") == "exact" and isinstance(case.expectation.get("value"), str):
        return str(case.expectation["value"])
    return json.dumps(dict(case.expectation), ensure_ascii=False)


def _place(case: CaseReport) -> tuple[bool, int, str]:
    return not case.is_refused, len(_ORDER) if case.flip is None else _ORDER[case.flip], case.id
