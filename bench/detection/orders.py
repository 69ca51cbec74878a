"""Graded cases in random orders, and when the evidence of harm reaches its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.detection import data, fast, figures
from bench.detection.data import Change
from guards.betting import MeanDetector, RateDetector
from guards.graded import GradeDetector
from rollback.judge import Judge
from rollback.judge_settings import HarmWeights, JudgeSettings
from rollback.observation import Observation

REFERENCE = 300
MARGIN = 0.05  # of the default policy
JUDGE = "judge, default policy"
SHARES = (0.4, 0.5)  # weights that pairs and grades could have instead of the default's quarter
BOTH = "mean of both"
SUBJECTS = (
    "pairs",
    "grades",
    BOTH,
    f"{BOTH}, margin .05",
    JUDGE,
    "judge, no margin",
    *(f"judge, weight {share:g} for grades" for share in SHARES),
)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change and the average run length at which it is judged."""

    change: Change
    arl: float

    @property
    def reversed(self) -> Case:
        """The way back."""
        before, _, after = self.change.name.partition(" → ")
        source, _, model = before.rpartition(" ")
        change = replace(
            self.change,
            name=f"{source} {after} → {model}",
            before=self.change.after,
            after=self.change.before,
        )
        return replace(self, change=change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of a change's cases: the first 300 of the old version are the reference.

    Args:
        case: number of the change among `cases`; back: whether it is taken the way back.
    """

    case: int
    seed: int
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """A stream of answers of which a share is faulty, and the weight that faults have."""

    rate: float
    weight: float
    seed: int


@cache
def cases() -> tuple[Case, ...]:
    """Return the changes, each in its harmful direction."""
    found = [
        Case(change=data.gsm8k("175b_verification", "175b_finetuning"), arl=10_000.0),
        Case(change=data.gsm8k("6b_verification", "6b_finetuning"), arl=10_000.0),
        Case(change=data.prime("gpt-4", "0314", "0613"), arl=1_000.0),
        Case(change=data.prime("gpt-3.5-turbo", "0301", "0613"), arl=1_000.0),
        *(
            Case(change=data.preferences(*models), arl=10_000.0)
            for models in (
                ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106_concise"),
                ("tulu-2-dpo-70b", "tulu-2-dpo-7b"),
            )
        ),
    ]
    return tuple(each if each.change.is_harm else each.reversed for each in found)


def case_of(order: Order) -> Case:
    """Return the change of an order, in its direction."""
    case = cases()[order.case]
    return case.reversed if order.back else case


def graded(
    order: Order,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the reference's grades, the stream's, and the stream's less the old version's."""
    change = case_of(order).change
    places = np.random.default_rng(order.seed).permutation(len(change.before))
    before, after = np.array(change.before)[places], np.array(change.after)[places]
    return before[:REFERENCE], after[REFERENCE:], after[REFERENCE:] - before[REFERENCE:]


def delays(order: Order) -> Mapping[str, float]:
    """Return subject → graded answers to the alarm; `figures.NEVER` for none.

    The way back, where no alarm is due, is left to the mean of pairs and grades without a margin:
    the judge has less of everything.
    """
    usual, stream, differences = graded(order)
    arl = case_of(order).arl
    if order.back:
        return {BOTH: figures.first(fast.both(usual, stream, differences), arl)}
    weight = HarmWeights().pairs
    pairs = MeanDetector(0.0).update(differences.tolist())
    grades = GradeDetector(usual, 0.0).update(stream.tolist())
    both = (pairs + grades) / 2.0
    tolerant = (
        MeanDetector(MARGIN).update(differences.tolist())
        + GradeDetector(usual, MARGIN).update(stream.tolist())
    ) / 2.0
    found = {
        "pairs": pairs,
        "grades": grades,
        BOTH: both,
        f"{BOTH}, margin .05": tolerant,
        JUDGE: _judged(arl, usual, stream, differences),
        "judge, no margin": weight * both,
        **{f"judge, weight {share:g} for grades": share * tolerant for share in SHARES},
    }
    return {name: figures.first(path, arl) for name, path in found.items()}


def _judged(
    arl: float,
    usual: NDArray[np.float64],
    stream: NDArray[np.float64],
    differences: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the evidence of the judge itself, with the weights of all its channels."""
    settings = JudgeSettings(line=arl, margin=MARGIN)
    judge = Judge(
        deployment="bench", epoch=1, adapter="v2", settings=settings, reference=None, grades=usual
    )
    observed = [
        Observation(
            exchange_id=str(n), at=_NOW + timedelta(seconds=n), pair=float(pair), grade=float(grade)
        )
        for n, (grade, pair) in enumerate(zip(stream, differences, strict=True))
    ]
    return np.array([point.evidence for point in judge.observe_all(observed)])


def fault_delay(faults: Faults) -> float:
    """Return how many answers it takes to the default line at the default tolerated rate."""
    settings = JudgeSettings()
    shown = np.random.default_rng(faults.seed).random(2_000) < faults.rate
    path = RateDetector(settings.fault_rate_tolerated).update(shown.tolist())
    return figures.first(faults.weight * path, settings.line)
