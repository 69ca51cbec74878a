"""What every detector keeps to: batches change nothing, and a restored one goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from guards import words
from guards.betting import MeanDetector, RateDetector
from guards.classifier import OnlineClassifier
from guards.conformal import ConformalRanks
from guards.drift import DriftDetector
from guards.edetector import PValueBets, ShiryaevRoberts
from guards.graded import GradeDetector
from guards.share_cap import ShareCap
from guards.usual import UsualAnswers

N = 150  # longer than what detectors take at once, and than the classifier's first segment
NAMES = ("length", "repetition")
_RNG = np.random.default_rng(0)
_SCORES = [dict(zip(NAMES, row, strict=True)) for row in _RNG.normal(size=(N, 2)).tolist()]
_CATEGORIES = _RNG.integers(0, 2, size=N).tolist()
_THETAS = _RNG.uniform(size=(N, 2))
_GRADES = [each if each > 0.3 else None for each in _RNG.uniform(size=N).tolist()]
_WORDS = [words.packed(f"answer {n % 7}", b"") for n in range(N)]
_IDS = [f"answer-{n}" for n in range(N)]
_FAULTS = (_RNG.uniform(size=N) < 0.1).tolist()
_CALLERS = [["one", "two", "three", None][n] for n in _RNG.integers(0, 4, size=N).tolist()]
_USUAL = UsualAnswers(
    names=NAMES,
    scores=_RNG.normal(size=(120, 2)),
    words=tuple(words.packed(f"answer {n % 5}", b"") for n in range(120)),
    categories=_RNG.integers(0, 2, size=120),
)
_LOG_BETS = np.log(_RNG.uniform(0.2, 2.0, size=(N, 2, 8)))


def _drift() -> DriftDetector:
    return DriftDetector(
        {name: _USUAL.scores[:, row] for row, name in enumerate(NAMES)},
        _USUAL,
        categories=dict.fromkeys(NAMES, _USUAL.categories),
        count=2,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A detector under contract.

    Args:
        make: a new one; `update` takes in a part of the stream, and says what it found after each.
        restored: what goes on from a state, read from JSON.
    """

    make: Callable[[], Any]
    update: Callable[[Any, slice], Sequence[Any]]
    restored: Callable[[Any, Any], Any] | None = None

    def restore(self, state: Any) -> Any:
        """Return a detector that was made of a state."""
        if self.restored is not None:
            return self.restored(self.make(), state)
        detector = self.make()
        detector.restore(state)
        return detector


def _ranked(ranks: ConformalRanks, part: slice) -> Sequence[Any]:
    table = np.array([list(each.values()) for each in _SCORES[part]]).reshape(-1, 2)
    return ranks.p_values(
        table, _THETAS[part], np.array(_CATEGORIES[part], dtype=np.int64)
    ).tolist()


SUBJECTS: Mapping[str, Subject] = {
    "ConformalRanks": Subject(
        make=lambda: ConformalRanks([[0.0, 1.0], [2.0]], [[0, 1], [1]], count=2),
        update=_ranked,
        restored=lambda _, state: ConformalRanks.restore(state),
    ),
    "PValueBets": Subject(
        make=lambda: PValueBets(2),
        update=lambda bets, part: bets.place(_THETAS[part], _THETAS[part] > 0.1).tolist(),
    ),
    "ShiryaevRoberts": Subject(
        make=lambda: ShiryaevRoberts(PValueBets.WEIGHTS, rows=2),
        update=lambda sums, part: sums.update(_LOG_BETS[part], _THETAS[part] > 0.1).tolist(),
    ),
    "DriftDetector": Subject(
        make=_drift,
        update=lambda drift, part: drift.update(
            _IDS[part], _SCORES[part], _WORDS[part], _CATEGORIES[part]
        ).values.tolist(),
        restored=lambda _, state: DriftDetector.restore(state, _USUAL),
    ),
    "OnlineClassifier": Subject(
        make=lambda: OnlineClassifier(_USUAL),
        update=lambda classifier, part: classifier.update(
            _SCORES[part], _WORDS[part], _CATEGORIES[part]
        ).tolist(),
    ),
    "RateDetector": Subject(
        make=lambda: RateDetector(0.05),
        update=lambda detector, part: detector.update(_FAULTS[part]).tolist(),
    ),
    "MeanDetector": Subject(
        make=lambda: MeanDetector(0.05),
        update=lambda detector, part: detector.update(_GRADES[part]).tolist(),
    ),
    "GradeDetector": Subject(
        make=lambda: GradeDetector([0.9] * 30, 0.05),
        update=lambda detector, part: detector.update(_GRADES[part]).tolist(),
    ),
    "ShareCap": Subject(
        make=lambda: ShareCap(0.1, {"one": 0.2, "two": 0.2}, window=40),
        update=lambda cap, part: cap.update(_CALLERS[part]).tolist(),
    ),
}


@pytest.fixture(params=sorted(SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    """Return each detector in turn."""
    return SUBJECTS[request.param]


def test_a_batch_says_what_its_answers_say_one_by_one(subject: Subject) -> None:
    """How a stream is cut changes nothing but the last digits."""
    detector = subject.make()
    alone = [found for n in range(N) for found in subject.update(detector, slice(n, n + 1))]
    whole = subject.update(subject.make(), slice(0, N))
    assert np.array(whole) == pytest.approx(np.array(alone), rel=1e-6, abs=1e-12, nan_ok=True)


def test_a_restored_detector_goes_on_bit_for_bit(subject: Subject) -> None:
    """Also after its state was kept as JSON, wherever the stream was interrupted."""
    detector = subject.make()
    for start in range(0, N - 50, 50):
        subject.update(detector, slice(start, start + 50))
        copy = subject.restore(json.loads(json.dumps(detector.state(), sort_keys=True)))
        assert copy.state() == detector.state()
        left = [np.array(subject.update(each, slice(N - 50, N))) for each in (copy, detector)]
        np.testing.assert_array_equal(*left)


def test_no_answers_change_nothing(subject: Subject) -> None:
    """An empty batch is fine at any time."""
    detector = subject.make()
    subject.update(detector, slice(0, 20))
    before = json.dumps(detector.state())
    assert len(subject.update(detector, slice(0, 0))) == 0
    assert json.dumps(detector.state()) == before
