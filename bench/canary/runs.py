"""Canaries simulated on real graded answers: every caller asks one question, dealt at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.comparison.stopping import MODELS
from bench.detection import data, figures
from rollback import canary as canaries
from rollback.canary import Advance, Canary, PromoteAll, Withdraw
from rollback.canary_policy import CanaryPolicy
from rollback.randomized import Randomized

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LOOK_EVERY = 50  # callers


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two versions' grades for the same questions; the candidate is the second."""

    name: str
    active: NDArray[np.float64]
    candidate: NDArray[np.float64]

    @property
    def effect(self) -> float:
        """The mean grade of the candidate less that of the active version."""
        return float(self.candidate.mean() - self.active.mean())


def cases(margin: float) -> Sequence[Case]:
    """Return real pairs, the same version twice, and one that is worse by just the margin."""
    grades = {name: np.asarray(data.gsm8k(name, name).before) for name in MODELS}
    best, second, third = (grades[name] for name in (MODELS[3], MODELS[2], MODELS[1]))
    return (
        Case(name="the same version", active=best, candidate=best),
        Case(name="the same version, weak", active=third, candidate=third),
        Case(name=f"worse by {margin:g}", active=best, candidate=lowered(best, margin)),
        Case(name=f"{MODELS[3]} → {MODELS[2]}", active=best, candidate=second),
        Case(name=f"{MODELS[3]} → {MODELS[1]}", active=best, candidate=third),
        Case(name=f"{MODELS[2]} → {MODELS[3]}", active=second, candidate=best),
    )


def lowered(grades: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return grades whose mean is lower by `by`: each right one is worth a little less."""
    return grades * (1.0 - by / grades.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one canary ended.

    Args:
        outcome: promoted, withdrawn, or open after the last caller.
        callers: how many had come; exposed: how many of them got the candidate.
        advanced: whether it was ever given more than its first share.
    """

    outcome: str
    callers: int
    exposed: int
    advanced: bool


def run(case: Case, policy: CanaryPolicy, most: int, rng: np.random.Generator) -> Ended:
    """Run one canary with the service's own rules."""
    canary = Canary(
        id="bench",
        deployment="bench",
        candidate="candidate",
        against="active",
        epoch=1,
        policy=policy,
        compared=Randomized(policy.margin),
        actor="bench",
        reason="",
        started_at=_START,
        step_started_at=_START,
    )
    asked = rng.integers(len(case.active), size=most)
    lots = rng.random(most)
    for start in range(0, most, _LOOK_EVERY):
        rows = slice(start, start + _LOOK_EVERY)
        dealt = lots[rows] < canary.share
        worths = np.where(dealt, case.candidate[asked[rows]], case.active[asked[rows]])
        canary.compared.observe_all(np.full(len(dealt), canary.share), dealt, worths)
        match canaries.next_move(canary, _START + timedelta(days=1)):
            case Withdraw():
                return _ended("withdrawn", canary, start + len(dealt))
            case PromoteAll():
                return _ended("promoted", canary, start + len(dealt))
            case Advance(step=step):
                canary = replace(canary, step=step, step_callers=canary.compared.candidate[0])
    return _ended("open", canary, most)


def _ended(outcome: str, canary: Canary, callers: int) -> Ended:
    return Ended(
        outcome=outcome,
        callers=callers,
        exposed=canary.compared.candidate[0],
        advanced=canary.step > 0 or outcome == "promoted",
    )


def row(case: Case, policy: CanaryPolicy, runs: int, most: int, seed: int) -> Mapping[str, Any]:
    """Return what became of many canaries of one pair of versions."""
    rng = np.random.default_rng(seed)
    ended = [run(case, policy, most, rng) for _ in range(runs)]
    decided = [each for each in ended if each.outcome != "open"]
    counts = {
        name: sum(each.outcome == name for each in ended)
        for name in ("promoted", "withdrawn", "open")
    }
    advanced = sum(each.advanced for each in ended)
    return {
        "candidate": case.name,
        "effect": f"{case.effect:+.3f}",
        "canaries": runs,
        **{name: _share(count, runs) for name, count in counts.items()},
        "ever given more": _share(advanced, runs),
        "callers to the end": _median([each.callers for each in decided]),
        "of them exposed": _median([each.exposed for each in decided]),
    }


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%} (≤ {figures.upper_limit(count, of):.1%})"


def _median(values: Sequence[int]) -> str:
    return f"{np.median(values):,.0f}" if values else "–"
