"""Means of a golden run by slice: where in the set a version does well or badly."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TypedDict

from guards.golden import GoldenCase, GoldenResult


class SliceMeans(TypedDict):
    """Mean grades of one slice; `against` is `None` where nothing was compared."""

    cases: int
    subject: float
    against: float | None


def means(
    asked: Sequence[GoldenCase],
    subject: Sequence[GoldenResult],
    against: Sequence[GoldenResult] = (),
) -> dict[str, SliceMeans]:
    """Return the mean grades of every named slice, by name.

    They are for people: no verdict hangs on them, so nothing is corrected for their number.

    Args:
        asked: the cases that were graded; those without a slice do not count.
        subject, against: results in the order of `asked`; `against` may be empty.

    Raises:
        ValueError: if the numbers of cases and results differ.
    """
    ours = _grades(asked, subject)
    theirs = _grades(asked, against) if against else {}
    return {
        name: SliceMeans(
            cases=len(grades),
            subject=fmean(grades),
            against=fmean(theirs[name]) if against else None,
        )
        for name, grades in sorted(ours.items())
    }


def _grades(asked: Sequence[GoldenCase], results: Sequence[GoldenResult]) -> dict[str, list[float]]:
    """Return the grades of the named slices' cases, by slice."""
    grades: dict[str, list[float]] = {}
    for case, result in zip(asked, results, strict=True):
        if case.slice:
            grades.setdefault(case.slice, []).append(result.grade)
    return grades
