"""Means by slice."""

import pytest

from guards import slices
from guards.golden import GoldenCase, GoldenResult


def _case(number: int, name: str) -> GoldenCase:
    return GoldenCase(id=f"c{number}", messages=(), expectation={}, slice=name)


def _results(*grades: float) -> list[GoldenResult]:
    return [
        GoldenResult(case_id=f"c{number}", output="", raw=0.0, grade=grade, latency_s=0.1)
        for number, grade in enumerate(grades)
    ]


CASES = [_case(0, "prices"), _case(1, ""), _case(2, "dates"), _case(3, "prices")]


def test_every_named_slice_has_its_own_means() -> None:
    """A case without a slice belongs to none."""
    found = slices.means(CASES, _results(1, 1, 0.5, 0), _results(1, 0, 1, 1))
    assert found == {
        "dates": {"cases": 1, "subject": 0.5, "against": 1.0},
        "prices": {"cases": 2, "subject": 0.5, "against": 1.0},
    }


def test_a_version_alone_is_held_against_nothing() -> None:
    """There is no other mean then."""
    assert slices.means(CASES, _results(1, 1, 0.5, 0))["dates"]["against"] is None


def test_results_of_other_cases_are_refused() -> None:
    """Each case has one result."""
    with pytest.raises(ValueError, match="zip"):
        slices.means(CASES, _results(1, 1))
