"""Harm from grades: `python -m bench.harm [--json] [--seeds N] [--orders N] [--only NAME]`.

Two versions' grades for the same cases, in a new random order for each seed: 300 of the old one are
the reference, the others come as pairs. The limit is ln(ARL) over the information in one answer
(Lorden, 1971), for whoever knows both distributions: of grades against the old mean, or of pairs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import output
from bench.detection import data, figures
from bench.detection.data import Change
from bench.detection.figures import NEVER
from guards.betting import MeanDetector
from guards.graded import GradeDetector
from rollback.judge import Judge
from rollback.judge_settings import HarmWeights, JudgeSettings
from rollback.observation import Observation

REFERENCE = 300
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_JUDGE = "Judge, default policy"
_SUBJECTS = ("pairs", "grades", "mean of both", "mean of both, margin .05", _JUDGE)


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


def cases() -> list[Case]:
    """Return the changes, harm and improvement alike."""
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
    return [each if each.change.is_harm else each.reversed for each in found]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--orders", type=int, default=1000, help="orders of each improvement")
    parser.add_argument("--only", default="", help="a part of the changes' names")
    options = parser.parse_args()
    rows, notes = [], ["", "Improvements, alarms at the same line (upper 95 % limit of the rate):"]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for case in (each for each in cases() if options.only in each.change.name):
            print(case.change.name, file=sys.stderr)
            found = list(pool.map(partial(delays, case), range(options.seeds)))
            rows += _rows(case, found)
            wrong = list(
                pool.map(
                    partial(delays, case.reversed, subjects=_SUBJECTS[:3]),
                    range(options.orders),
                    chunksize=20,
                )
            )
            hits = sum(each["mean of both"] < NEVER for each in wrong)
            limit = figures.upper_limit(hits, len(wrong))
            notes.append(f"  {case.reversed.change.name}: {hits} of {len(wrong)} (≤ {limit:.2%})")
    output.show("Harm from grades", rows, notes, options.json)


def delays(case: Case, seed: int, subjects: Sequence[str] = _SUBJECTS) -> Mapping[str, float]:
    """Return subject → graded answers to the alarm in one order; `NEVER` for none."""
    order = np.random.default_rng(seed).permutation(len(case.change.before))
    before, after = np.array(case.change.before)[order], np.array(case.change.after)[order]
    usual, stream = before[:REFERENCE], after[REFERENCE:]
    differences = stream - before[REFERENCE:]
    found: dict[str, NDArray[np.float64]] = {}
    found["pairs"] = MeanDetector(0.0).update(differences.tolist())
    found["grades"] = GradeDetector(usual, 0.0).update(stream.tolist())
    found["mean of both"] = (found["pairs"] + found["grades"]) / 2.0
    if len(subjects) > len(found):
        with_margin = [
            MeanDetector(0.05).update(differences.tolist()),
            GradeDetector(usual, 0.05).update(stream.tolist()),
        ]
        found["mean of both, margin .05"] = sum(with_margin) / np.float64(2.0)
        found[_JUDGE] = _judged(case.arl, usual, stream, differences)
    return {name: _first(found[name], case.arl) for name in subjects}


def _judged(
    arl: float,
    usual: NDArray[np.float64],
    stream: NDArray[np.float64],
    differences: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the evidence of the judge itself, with the weights of all its channels."""
    settings = JudgeSettings(line=arl, weights=HarmWeights())
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


def _first(path: NDArray[np.float64], line: float) -> float:
    crossed = np.flatnonzero(path >= line)
    return float(crossed[0] + 1) if len(crossed) else NEVER


def information(values: NDArray[np.float64], null: float, largest: float) -> float:
    """Return the most that a bet on less than `null` wins in an answer on average, in nats."""
    stakes = np.linspace(0.0, largest, 400)[:, None]
    return float(np.log1p(stakes * (null - values)).mean(axis=1).max())


def _rows(case: Case, found: Sequence[Mapping[str, float]]) -> list[Mapping[str, Any]]:
    before, after = np.array(case.change.before), np.array(case.change.after)
    mean = float(before.mean())
    unpaired = np.log(case.arl) / information(after, mean, 0.999 / (1.0 - mean))
    paired = np.log(case.arl) / information(after - before, 0.0, 0.999)
    limit = min(unpaired, paired)
    stream = len(before) - REFERENCE
    never = [dict.fromkeys(("never alarm",), NEVER)] * len(found)
    rows: list[Mapping[str, Any]] = []
    for name in (*_SUBJECTS, "never alarm"):
        own = [each[name] for each in (never if name == "never alarm" else found)]
        rows.append(
            {
                "change": f"{case.change.name} ({mean:.3f} → {after.mean():.3f})",
                "line": f"{case.arl:,.0f}",
                "subject": name,
                "median delay": figures.spelt(own, stream),
                "limit (grades / pairs)": f"{unpaired:.0f} / {paired:.0f}",
                "delay / limit": figures.median(own) / limit
                if figures.median(own) < NEVER
                else "–",
                "missed": f"{sum(each == NEVER for each in own)} of {len(own)}",
            }
        )
    return rows


if __name__ == "__main__":
    main()
