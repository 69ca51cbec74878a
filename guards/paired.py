"""Paired comparison of two versions by their grades for the same golden cases.

Two things are kept apart. The *evidence* is what was won betting that the subject is no worse,
read where a run that may stop would stop; it can be weighed together with other evidence. The
*verdict* is about this set alone: when every case is graded, the mean difference is simply known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from guards import binomial, flakiness
from guards.betting import evidence_of_harm, evidence_of_noninferiority
from guards.verdicts import Verdict

MIN_CASES = 20  # a smaller set proves nothing about a version
_EXACT = 1e-9  # means closer than this are equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a subject did against another version on the same cases.

    Args:
        cases: how many were graded; set_size: how many there are.
        difference: mean grade of the subject less that of the other, over the graded cases; a
            weighted mean where flaky cases weigh less.
        harm: e-value against "the subject is at most `margin` worse on the set", where the run
            may stop: at the first crossing of either line, else at the end.
        noninferiority: e-value against "the subject is worse by `margin` or more", at that place.
        stopped_after: cases up to that place.
        worse, better: indices of cases that the subject did worse or better.
        mcnemar_p: exact two-sided p-value of `worse` against `better`, for information (McNemar
            for grades of 0 and 1, a sign test otherwise).
        verdict: INCONCLUSIVE for a small set. When all cases are graded, FAIL if `difference` is
            below -`margin`, else OK. Before that, FAIL if `harm` reached its line, OK if
            `noninferiority` reached its own, else INCONCLUSIVE.
    """

    cases: int
    set_size: int
    subject_mean: float
    against_mean: float
    difference: float
    margin: float
    harm: float
    noninferiority: float
    stopped_after: int
    worse: tuple[int, ...]
    better: tuple[int, ...]
    mcnemar_p: float
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """The comparison in words, for people."""
        return (
            f"mean grade {self.subject_mean:.3f} against {self.against_mean:.3f} on "
            f"{self.cases} of {self.set_size} cases: {len(self.worse)} worse, "
            f"{len(self.better)} better, e-value of harm {self.harm:.3g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a version did by itself, where there is nothing to compare it with."""

    cases: int
    mean: float
    floor: float
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """The standing in words, for people."""
        return f"mean grade {self.mean:.3f} on {self.cases} cases, and {self.floor:g} is asked for"


def compare(
    subject: Sequence[float],
    against: Sequence[float],
    *,
    margin: float,
    order: Sequence[int],
    line: float,
    clear_line: float = math.inf,
    weights: Sequence[float] | None = None,
    min_cases: int = MIN_CASES,
) -> Comparison:
    """Compare the grades of two versions, case by case.

    Args:
        subject, against: grades in [0, 1] of the same cases; those not in `order` do not count.
        margin: in [0, 1), how much worse on average is tolerated.
        order: indices of the graded cases, in random order: all, or the first ones of a run that
            was stopped.
        line: the e-value of harm that is enough, above 1.
        clear_line: the e-value of non-inferiority that is enough, above 1.
        weights: of all cases, as `order` numbers them, in (0, 1]; fixed before the first answer.
        min_cases: a smaller set is inconclusive.

    Raises:
        ValueError: if lengths differ, a grade is outside [0, 1], or `order` repeats an index or
            names none.

    >>> found = compare([0.0] * 30, [1.0] * 30, margin=0.05, order=range(30), line=1000.0)
    >>> found.verdict, found.stopped_after < 20, len(found.worse)
    (<Verdict.FAIL: 'fail'>, True, 30)
    """
    ours, theirs = _pairs(subject, against, order)
    differences, set_size = ours - theirs, len(subject)
    weight = np.ones(len(order)) if weights is None else np.asarray([weights[i] for i in order])
    difference = float((weight * differences).sum() / weight.sum())
    values = flakiness.weighed(differences, weight, margin)
    at_stop = _evidence(values, margin, set_size, (line, clear_line))
    worse, better = _flips(differences, order)
    return Comparison(
        cases=len(order),
        set_size=set_size,
        subject_mean=float(ours.mean()),
        against_mean=float(theirs.mean()),
        difference=difference,
        margin=margin,
        harm=at_stop.harm,
        noninferiority=at_stop.noninferiority,
        stopped_after=at_stop.cases,
        worse=worse,
        better=better,
        mcnemar_p=_sign_test(len(worse), len(better)),
        verdict=_verdict(
            set_size,
            min_cases,
            is_worse=difference < -margin - _EXACT,
            is_exhausted=len(order) == set_size,
            is_shown=at_stop.harm >= line,
            is_clear=at_stop.noninferiority >= clear_line,
        ),
    )


def absolute(grades: Sequence[float], *, floor: float, min_cases: int = MIN_CASES) -> Standing:
    """Judge a first version by its mean grade alone: FAIL below `floor`, else OK.

    Raises:
        ValueError: if there is no grade, or one is outside [0, 1].

    >>> absolute([0.9] * 30, floor=0.5).verdict
    <Verdict.OK: 'ok'>
    """
    values = _grades(grades)
    if not len(values):
        raise ValueError("there are no grades to judge by")
    mean = float(values.mean())
    verdict = _verdict(len(values), min_cases, is_worse=mean < floor - _EXACT, is_exhausted=True)
    return Standing(cases=len(values), mean=mean, floor=floor, verdict=verdict)


def _pairs(
    subject: Sequence[float], against: Sequence[float], order: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(subject) != len(against):
        raise ValueError(f"{len(subject)} grades cannot be paired with {len(against)}")
    if not order or len(set(order)) != len(order):
        raise ValueError("the order must name at least one case, and none twice")
    return _grades([subject[i] for i in order]), _grades([against[i] for i in order])


def _grades(grades: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(grades, dtype=np.float64)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError("every grade must lie between 0 and 1")
    return values


class _AtStop(NamedTuple):
    """Both e-values where a run that may stop does, and after how many cases that is."""

    harm: float
    noninferiority: float
    cases: int


def _evidence(
    values: NDArray[np.float64], margin: float, set_size: int, lines: tuple[float, float]
) -> _AtStop:
    harm = evidence_of_harm(values, margin, set_size)
    noninferiority = evidence_of_noninferiority(values, margin, set_size)
    crossed = np.flatnonzero((harm >= lines[0]) | (noninferiority >= lines[1]))
    stop = int(crossed[0]) if len(crossed) else len(harm) - 1
    return _AtStop(float(harm[stop]), float(noninferiority[stop]), stop + 1)


def _flips(
    differences: NDArray[np.float64], order: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the indices of the cases that became worse, and of those that became better."""
    by_case = sorted(zip(order, differences.tolist(), strict=True))
    worse = tuple(case for case, difference in by_case if difference < 0.0)
    better = tuple(case for case, difference in by_case if difference > 0.0)
    return worse, better


def _verdict(
    set_size: int,
    min_cases: int,
    *,
    is_worse: bool,
    is_exhausted: bool,
    is_shown: bool = False,
    is_clear: bool = False,
) -> Verdict:
    if set_size < min_cases:
        return Verdict.INCONCLUSIVE
    if is_exhausted:
        return Verdict.FAIL if is_worse else Verdict.OK
    if is_shown:
        return Verdict.FAIL
    return Verdict.OK if is_clear else Verdict.INCONCLUSIVE


def _sign_test(worse: int, better: int) -> float:
    """Return the two-sided exact p-value of the binomial test (McNemar's exact test)."""
    return min(1.0, 2.0 * binomial.coin_tail(min(worse, better), worse + better))
