"""A golden run of two versions as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from guards import repeated
from guards.betting import evidence_of_harm, evidence_of_noninferiority
from guards.golden import GoldenCase, GoldenResult
from guards.trial import SHOWN, History, Reading, Terms, Trial
from guards.verdicts import Verdict

TERMS = Terms(margin=0.05, min_cases=20, worse_line=SHOWN, clear_line=SHOWN)
NIGHTLY = Terms(margin=0.05, min_cases=20, clear_line=SHOWN, is_repeated=True)


def _trial(size: int, terms: Terms = TERMS, history: History | None = None, seed: int = 0) -> Trial:
    """Return a trial of a set of two slices, in a random order."""
    cases = [
        GoldenCase(id=f"c{n}", messages=(), expectation={}, slice="even" if n % 2 == 0 else "odd")
        for n in range(size)
    ]
    order = np.random.default_rng(seed).permutation(size).tolist()
    return Trial(cases=cases, order=order, terms=terms, history=history or History())


def _results(trial: Trial, grades: Sequence[float], asked: int | None = None) -> list[GoldenResult]:
    """Return the results of the first cases that are asked; `grades` are by the set's numbering."""
    return [
        GoldenResult(case_id=f"c{n}", output="", raw=0.0, grade=grades[n], latency_s=0.1)
        for n in trial.order[:asked]
    ]


def _read(
    trial: Trial, subject: Sequence[float], against: Sequence[float] | None = None
) -> Reading:
    against = against or [1.0] * len(subject)
    return trial.read(_results(trial, subject), _results(trial, against))


def _settled_after(trial: Trial, subject: Sequence[float]) -> int:
    for asked in range(1, len(subject) + 1):
        both = _results(trial, subject, asked), _results(trial, [1.0] * len(subject), asked)
        if trial.is_settled(*both):
            return asked
    return len(subject) + 1


def test_a_run_stops_as_soon_as_worse_is_shown() -> None:
    """A version that fails everything needs no more than 15 of 200 cases, and FAILs."""
    trial = _trial(200)
    asked = _settled_after(trial, [0.0] * 200)
    assert asked <= 15
    found = trial.read(_results(trial, [0.0] * 200, asked), _results(trial, [1.0] * 200, asked))
    assert found.verdict is Verdict.FAIL


def test_a_run_stops_as_soon_as_not_worse_is_shown() -> None:
    """Two equal versions need a part of 400 cases, and the verdict is OK."""
    trial = _trial(400)
    asked = _settled_after(trial, [1.0] * 400)
    assert asked < 150
    found = trial.read(_results(trial, [1.0] * 400, asked), _results(trial, [1.0] * 400, asked))
    assert found.verdict is Verdict.OK


def test_a_run_without_lines_never_stops() -> None:
    """Whoever wants every case gets it."""
    trial = _trial(60, Terms(margin=0.05, min_cases=20))
    assert _settled_after(trial, [0.0] * 60) == 61


def test_a_run_stops_when_its_evidence_is_enough_for_others() -> None:
    """The e-value that the judge weighs has reached its line, and says FAIL."""
    trial = _trial(200, replace(TERMS, worse_line=float("inf"), evidence_line=1e6))
    asked = _settled_after(trial, [0.0] * 200)
    found = trial.read(_results(trial, [0.0] * 200, asked), _results(trial, [1.0] * 200, asked))
    assert asked < 60
    assert found.run_harm[""] >= 1e6
    assert found.verdict is Verdict.FAIL


@pytest.mark.slow
def test_an_early_verdict_is_rarely_another_than_the_whole_sets() -> None:
    """Sets on either side of the margin, 300 orders each: at most 1/200 of them plus 3 errors."""
    for losses, whole in ((14, Verdict.FAIL), (10, Verdict.OK)):
        wrong = 0
        for seed in range(300):
            trial = _trial(200, seed=seed)
            subject = [0.0] * losses + [1.0] * (200 - losses)
            differences = np.array([subject[n] - 1.0 for n in trial.order])
            wrong += _first_verdict(differences) is not whole
        assert wrong / 300 <= 1 / 200 + 3.0 * np.sqrt(1 / 200 / 300)


def _first_verdict(differences: np.ndarray) -> Verdict:
    """Return the verdict of a run that stops at the first crossing of either line."""
    harm = evidence_of_harm(differences, 0.05, len(differences)) >= SHOWN
    clear = evidence_of_noninferiority(differences, 0.05, len(differences)) >= SHOWN
    place = int(np.argmax(harm | clear))
    if not (harm | clear).any():
        return Verdict.FAIL if differences.mean() < -0.05 else Verdict.OK
    return Verdict.FAIL if harm[place] else Verdict.OK


def test_harm_that_hides_in_a_slice_is_found() -> None:
    """A third of the odd cases lost is made up by even ones in the mean, and FAILs all the same."""
    subject = [1.0 if n % 2 == 0 else float(n % 6 != 1) for n in range(240)]
    against = [1.0 if n % 2 else float(n % 6 != 0) for n in range(240)]
    found = _read(_trial(240), subject, against)
    assert found.comparison.verdict is Verdict.OK
    assert found.verdict is Verdict.FAIL
    assert found.slices["odd"]["verdict"] == "fail"
    assert found.slices["even"]["verdict"] == "ok"
    assert "shown worse in odd" in found.sentence


def test_a_slice_that_lost_a_single_case_shows_nothing() -> None:
    """One flip of ten is below the margin in the slice's mean, and no proof."""
    subject = [0.0 if n == 1 else 1.0 for n in range(20)]
    found = _read(_trial(20), subject)
    assert found.slices["odd"]["difference"] == pytest.approx(-0.1)
    assert found.slices["odd"]["verdict"] == "inconclusive"


def test_one_bad_night_is_a_warning() -> None:
    """Six of sixty cases lost is below the margin in this run; it takes more to convict."""
    found = _read(_trial(60, NIGHTLY), [0.0] * 6 + [1.0] * 54)
    assert found.comparison.verdict is Verdict.FAIL
    assert found.verdict is Verdict.WARN
    assert "not shown over all runs" in found.sentence


def test_bad_nights_add_up_to_a_failure() -> None:
    """Each run goes on from what the earlier ones have won."""
    history, nights, verdict = History(), 0, Verdict.WARN
    while verdict is Verdict.WARN:
        found = _read(_trial(60, NIGHTLY, history, seed=nights), [0.0] * 12 + [1.0] * 48)
        history, verdict, nights = History(harm=found.accumulated), found.verdict, nights + 1
    assert verdict is Verdict.FAIL
    assert 1 < nights < 20


@pytest.mark.parametrize(("has_slices", "verdict"), [(True, Verdict.OK), (False, Verdict.FAIL)])
def test_the_whole_set_and_its_slices_share_the_budget_of_repeated_runs(
    has_slices: bool, verdict: Verdict
) -> None:
    """A sum of 15,000 is enough for a set without slices, and not for one that has them."""
    won = float(repeated.value(repeated.bets([0.0] * 60, 0.05, 60)))
    trial = _trial(60, NIGHTLY, History(harm={"": [15_000.0 / won] * 5}))
    if not has_slices:
        trial = replace(trial, cases=[replace(case, slice="") for case in trial.cases])
    found = _read(trial, [1.0] * 60)
    assert found.accumulated[""] == pytest.approx(15_000.0, rel=1e-3)
    assert found.verdict is verdict


def test_flaky_cases_weigh_less() -> None:
    """Five steady cases lost are too many of sixty; if they are flaky they are not."""
    lost = [0.0] * 5 + [1.0] * 55
    weights = {f"c{n}": 0.25 for n in range(5)}
    assert _read(_trial(60), lost).verdict is Verdict.FAIL
    weighed = _read(_trial(60, history=History(weights=weights)), lost)
    assert weighed.verdict is Verdict.OK
    assert weighed.comparison.difference == pytest.approx(-1.25 / 56.25)


def test_a_small_set_is_inconclusive() -> None:
    """Whatever a slice of it seems to show."""
    assert _read(_trial(19), [0.0] * 19).verdict is Verdict.INCONCLUSIVE
