"""A golden run of two versions as a whole: when it may stop, and what it shows.

One run is judged by its own answers; it may stop once these leave no doubt how the whole set would
come out. Runs that are repeated on one set are judged by what they have won together, so that a
gamble repeated every night is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from guards import flakiness, flips, merging, paired, repeated, slices
from guards.betting import evidence_of_harm, evidence_of_noninferiority
from guards.flips import RegressionRate
from guards.golden import GoldenCase, GoldenResult
from guards.paired import Comparison
from guards.slices import SliceMeans
from guards.verdicts import Verdict

SHOWN = 200.0  # 1/α of one run: each of its two early verdicts is wrong in at most 1 run of 200
SHOWN_REPEATED = 10_000.0  # 1/α of repeated runs: P(false FAIL within n runs) ≤ n/10,000
WHOLE = ""  # the name under which the whole set stands beside its slices


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a comparison is held to.

    Args:
        margin: in [0, 1), how much worse a mean grade is still no worse.
        min_cases: a smaller set is inconclusive.
        worse_line, clear_line: e-values at which the run stops because "worse" or "not worse" is
            shown; infinite never stops.
        evidence_line: e-value of `repeated.harm` at which the run stops: enough for whoever
            weighs it with other evidence.
        is_repeated: whether the run is one of many, which FAIL by what they have won together.
    """

    margin: float
    min_cases: int
    worse_line: float = math.inf
    clear_line: float = math.inf
    evidence_line: float = math.inf
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What earlier runs of the same set tell.

    Args:
        weights: of flaky cases, by id; all others weigh 1.
        harm: sums (5,) of what earlier runs of the same two versions have won
            (`repeated.accumulated`), by slice; `WHOLE` is the set.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    harm: Mapping[str, Sequence[float]] = field(default_factory=dict)


class SliceReading(SliceMeans):
    """One slice of the cases that count.

    `harm` and `noninferiority` are e-values against "no worse by more than the margin" and "worse
    by it or more", corrected for the number of slices (`merging.adjusted`).
    """

    difference: float
    harm: float
    noninferiority: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a run shows.

    Args:
        values: (n,) the differences that count, flaky cases weighed down; in the order of asking.
        run_harm: e-value of this run alone, by slice; accumulated: with all earlier ones, and
            sums: what the next run goes on from.
    """

    verdict: Verdict
    sentence: str
    comparison: Comparison
    regressions: RegressionRate
    slices: Mapping[str, SliceReading]
    values: tuple[float, ...]
    run_harm: Mapping[str, float]
    accumulated: Mapping[str, float]
    sums: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The set and the order of a run."""

    cases: Sequence[GoldenCase]
    order: Sequence[int]
    terms: Terms
    history: History

    def is_settled(self, subject: Sequence[GoldenResult], against: Sequence[GoldenResult]) -> bool:
        """Whether the cases answered so far, in the trial's order, are enough."""
        values, size, terms = self._values(subject, against), len(self.cases), self.terms
        harm = evidence_of_harm(values, terms.margin, size)
        clear = evidence_of_noninferiority(values, terms.margin, size)
        return bool(
            (harm >= terms.worse_line).any()
            or (clear >= terms.clear_line).any()
            or repeated.harm(values, terms.margin, size) >= terms.evidence_line
        )

    def read(self, subject: Sequence[GoldenResult], against: Sequence[GoldenResult]) -> Reading:
        """Return what the answered cases show, in the trial's order.

        Raises:
            ValueError: if there is none, or the two have not the same cases.
        """
        comparison = self._compared(subject, against)
        values = self._values(subject, against)
        members = self._members(len(values))
        won = {
            name: repeated.bets(values[rows], self.terms.margin, size)
            for name, (rows, size) in members.items()
        }
        sums = {name: self._accumulated(name, each) for name, each in won.items()}
        run_harm, accumulated = _valued(won), _valued(sums)
        proof = accumulated if self.terms.is_repeated else run_harm
        by_slice = self._slices(subject, against, values, proof)
        verdict = self._verdict(comparison, by_slice, accumulated, run_harm)
        return Reading(
            verdict=verdict,
            sentence=self._sentence(verdict, comparison, by_slice),
            comparison=comparison,
            regressions=flips.regression_rate(_grades(subject), _grades(against)),
            slices=by_slice,
            values=tuple(values.tolist()),
            run_harm=run_harm,
            accumulated=accumulated,
            sums={name: tuple(each.tolist()) for name, each in sums.items()},
        )

    def _values(
        self, subject: Sequence[GoldenResult], against: Sequence[GoldenResult]
    ) -> NDArray[np.float64]:
        differences = np.array(_grades(subject)) - np.array(_grades(against))
        weights = [self._weight(index) for index in self.order[: len(subject)]]
        return flakiness.weighed(differences, weights, self.terms.margin)

    def _weight(self, index: int) -> float:
        return self.history.weights.get(self.cases[index].id, 1.0)

    def _compared(
        self, subject: Sequence[GoldenResult], against: Sequence[GoldenResult]
    ) -> Comparison:
        graded, size = list(self.order[: len(subject)]), len(self.cases)
        return paired.compare(
            _spread(graded, subject, size),
            _spread(graded, against, size),
            margin=self.terms.margin,
            order=graded,
            line=min(self.terms.worse_line, self.terms.evidence_line),
            clear_line=self.terms.clear_line,
            weights=[self._weight(index) for index in range(size)],
            min_cases=self.terms.min_cases,
        )

    def _accumulated(self, name: str, won: NDArray[np.float64]) -> NDArray[np.float64]:
        return repeated.accumulated(self.history.harm.get(name, repeated.nothing()), won)

    def _members(self, answered: int) -> dict[str, tuple[list[int], int]]:
        """Return, by slice, which answers belong to it and how many cases it has in the set."""
        members: dict[str, tuple[list[int], int]] = {
            WHOLE: (list(range(answered)), len(self.cases))
        }
        sizes = Counter(case.slice for case in self.cases)
        for row, index in enumerate(self.order[:answered]):
            name = self.cases[index].slice
            if name:
                members.setdefault(name, ([], sizes[name]))[0].append(row)
        return members

    def _slices(
        self,
        subject: Sequence[GoldenResult],
        against: Sequence[GoldenResult],
        values: NDArray[np.float64],
        proof: Mapping[str, float],
    ) -> dict[str, SliceReading]:
        margin, members = self.terms.margin, self._members(len(values))
        del members[WHOLE]
        harm = merging.adjusted({name: proof[name] for name in members})
        clear = merging.adjusted(
            {
                name: float(repeated.noninferiority(values[rows], margin, size))
                for name, (rows, size) in members.items()
            }
        )
        asked = [self.cases[index] for index in self.order[: len(subject)]]
        return {
            name: SliceReading(
                **mean,
                difference=mean["subject"] - (mean["against"] or 0.0),
                harm=harm[name],
                noninferiority=clear[name],
                verdict=self._slice_verdict(harm[name], clear[name]).value,
            )
            for name, mean in slices.means(asked, subject, against).items()
        }

    def _slice_verdict(self, harm: float, clear: float) -> Verdict:
        if harm >= self._line:
            return Verdict.FAIL
        return Verdict.OK if clear >= SHOWN else Verdict.INCONCLUSIVE

    @property
    def _line(self) -> float:
        """What a slice must reach; of repeated runs also the whole set, which shares their budget."""
        if not self.terms.is_repeated:
            return SHOWN
        return SHOWN_REPEATED * (2.0 if any(case.slice for case in self.cases) else 1.0)

    def _verdict(
        self,
        comparison: Comparison,
        by_slice: Mapping[str, SliceReading],
        accumulated: Mapping[str, float],
        run_harm: Mapping[str, float],
    ) -> Verdict:
        """Return the verdict of the whole set, or FAIL for a slice of it that is shown worse."""
        if len(self.cases) < self.terms.min_cases:
            return Verdict.INCONCLUSIVE
        if any(each["verdict"] == Verdict.FAIL.value for each in by_slice.values()):
            return Verdict.FAIL
        if self.terms.is_repeated and accumulated[WHOLE] >= self._line:
            return Verdict.FAIL
        if run_harm[WHOLE] >= self.terms.evidence_line:
            return Verdict.FAIL
        if self.terms.is_repeated and comparison.verdict is Verdict.FAIL:
            return Verdict.WARN
        return comparison.verdict

    def _sentence(
        self, verdict: Verdict, comparison: Comparison, by_slice: Mapping[str, SliceReading]
    ) -> str:
        worse = [name for name, each in by_slice.items() if each["verdict"] == Verdict.FAIL.value]
        if worse:
            return f"{comparison.sentence}; shown worse in {', '.join(worse)}"
        if verdict is Verdict.WARN:
            return f"{comparison.sentence}; below the margin in this run, not shown over all runs"
        return comparison.sentence


def _valued(won: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    return {name: float(repeated.value(each)) for name, each in won.items()}


def _grades(results: Sequence[GoldenResult]) -> list[float]:
    return [result.grade for result in results]


def _spread(graded: Sequence[int], results: Sequence[GoldenResult], set_size: int) -> list[float]:
    """Return grades by the case's place in the set; places that were not asked do not count."""
    grades = [0.0] * set_size
    for index, result in zip(graded, results, strict=True):
        grades[index] = result.grade
    return grades
