"""What the channels that show harm have won."""

from __future__ import annotations

from dataclasses import dataclass

from rollback.judge_settings import HarmWeights


@dataclass(frozen=True, slots=True)
class Harm:
    """What the channels that show harm have won, each at least 0.

    Args:
        pairs, grades: of graded answers; they add up under one weight.
    """

    faults: float
    golden: float
    pairs: float
    grades: float

    def weighted(self, weights: HarmWeights) -> float:
        """Return the mean of the sums."""
        return (
            weights.faults * self.faults
            + weights.golden * self.golden
            + weights.pairs * (self.pairs + self.grades)
        )
