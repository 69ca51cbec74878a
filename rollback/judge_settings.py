"""What the policy says about judging."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

DRIFT_WEIGHT = 0.2  # of drift beside harm, where it may roll back


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmWeights:
    """Weights of the channels that show harm; non-negative, sum 1.

    Raises:
        ValueError: if they are not.
    """

    faults: float = 0.5
    golden: float = 0.25
    pairs: float = 0.25

    def __post_init__(self) -> None:
        values = (self.faults, self.golden, self.pairs)
        if min(values) < 0.0 or not math.isclose(sum(values), 1.0):
            raise ValueError(f"weights {values} must not be negative and must sum to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """What the policy says about judging.

    Args:
        line: 1/α, average run length to a false rollback in exchanges; above 1.
        suspicion_line: 1/α for drift: P(alarm within n exchanges) ≤ n·α, and an average run length
            of at least half of 1/α, by the union bound over its channels.
        fault_rate_tolerated: in (0, 1).
        margin: in [0, 1), how much lower mean grades are tolerated.
        min_golden_cases: golden sets smaller than this are no evidence.
        drift_may_roll_back: whether drift counts as evidence, with `drift_weight`. Then `line` has
            the union bound's promise too: P(alarm within n) ≤ n·α, run length at least half of 1/α.
        caller_share_cap: in (0, 1], how much of the answers that count one caller may be; 1 is all.

    Raises:
        ValueError: if a number is out of its range.
    """

    line: float = 100_000.0
    suspicion_line: float = 1_000.0
    fault_rate_tolerated: float = 0.05
    margin: float = 0.05
    min_golden_cases: int = 20
    weights: HarmWeights = field(default_factory=HarmWeights)
    drift_may_roll_back: bool = False
    drift_weight: float = DRIFT_WEIGHT
    caller_share_cap: float = 1.0

    def __post_init__(self) -> None:
        if min(self.line, self.suspicion_line) <= 1.0:
            raise ValueError("the lines of evidence and suspicion must be above 1")
        if not 0.0 < self.drift_weight < 1.0:
            raise ValueError(f"drift_weight {self.drift_weight} must lie between 0 and 1")
