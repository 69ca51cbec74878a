"""The numbers of a health report."""

from __future__ import annotations

from monitor.ports.indicators import Summary
from monitor.reports.data import answers_of, uses
from rollback.indicators.measured import Measured


def summary(adapter: str, answers: int, **values: float) -> Summary:
    """Return what a version's answers came to."""
    measured = {name: Measured(value=value, count=answers) for name, value in values.items()}
    return Summary(
        adapter=adapter,
        slice=None,
        measured={"exchanges": Measured(value=float(answers), count=answers), **measured},
    )


def test_answers_are_those_of_all_versions():
    """Versions add up."""
    assert answers_of([summary("a@1", 15), summary("a@2", 7)]) == 22


def test_the_busiest_version_comes_first_and_an_unknown_one_stays():
    """A version that the registry no longer knows is listed without a state."""
    used = uses([summary("a@1", 2), summary("a@2", 5, fault_rate=0.2)], [])
    assert [(use.name, use.answers, use.state, use.fault_rate) for use in used] == [
        ("a@2", 5, None, 0.2),
        ("a@1", 2, None, None),
    ]


def test_a_version_that_only_has_levels_gave_no_answer():
    """Evidence of a version without an answer in the period is no use of it."""
    level = Summary(adapter="a@1", slice=None, measured={"evidence": Measured(value=2.0, count=9)})
    assert uses([level], []) == []
