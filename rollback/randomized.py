"""A randomized comparison of two versions: callers are dealt at random, and bets follow who is worse.

For a caller who gets the candidate with the known chance p, and whose answer is worth y, let

    x = (y - m)/p if he was dealt the candidate, else -(y - m)/(1 - p)

with m any number that was known before. Whatever m is, the mean of x over the dealing is the
caller's own effect: what the candidate's answer is worth to him less what the active version's is
(augmented inverse probability weighting; Robins, Rotnitzky, Zhao, 1994). m only spares variance. So
bets on x are fair by the dealing alone: no model of callers, no equal shares, and a mix of callers
that changes over time does no harm. Bets on bounded means: Waudby-Smith, Ramdas (2024).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_STAKES = np.array(
    [0.02, 0.06, 0.15, 0.35, 0.65, 0.95]
)  # parts of the largest that cannot lose all
_LOG_WEIGHTS = np.log(np.full(6, 1 / 6))
_LOG_CAP = math.log(1e300)
_Floats = Sequence[float] | NDArray[np.float64]


class Randomized:
    """What was won so far in bets on callers, each of whom counts once.

    `harm` is an e-process for H₀: the mean effect on the next caller given the past is at least
    -`margin`; `noninferiority` for H₀: it is at most -`margin`. So if the candidate is no worse than
    the margin, P(harm ever ≥ c) ≤ 1/c, and if it is worse by the margin or more,
    P(noninferiority ever ≥ c) ≤ 1/c, however often one looks.

    Args:
        margin: in (0, .5), how much worse is tolerated.

    Raises:
        ValueError: if `margin` is out of its range.

    >>> compared = Randomized(0.05)
    >>> for caller in range(100):
    ...     compared.observe(0.5, caller % 2 == 0, float(caller % 2))
    >>> compared.harm > 1e4 > compared.noninferiority
    True
    """

    def __init__(self, margin: float) -> None:
        if not 0.0 < margin < 0.5:
            raise ValueError(f"margin {margin} must lie between 0 and 0.5")
        self.margin = margin
        self._harm = np.zeros(len(_STAKES))  # logarithms of what each stake has won
        self._noninferiority = np.zeros(len(_STAKES))
        self._most_harm = 1.0
        self._counts = [0, 0]  # callers of the active version, and of the candidate
        self._sums = [0.0, 0.0]

    @property
    def active(self) -> tuple[int, float | None]:
        """How many callers the active version had, and what its answers were worth on average."""
        return self._arm(0)

    @property
    def candidate(self) -> tuple[int, float | None]:
        """The same of the candidate."""
        return self._arm(1)

    @property
    def harm(self) -> float:
        """The most that the capital against "the candidate is no worse than the margin" has been."""
        return self._most_harm

    @property
    def noninferiority(self) -> float:
        """The capital against "the candidate is worse by the margin or more"."""
        return float(_mixed(self._noninferiority))

    def observe(self, share: float, to_candidate: bool, worth: float) -> None:
        """Take in one more caller, as `observe_all` does."""
        self.observe_all([share], [to_candidate], [worth])

    def observe_all(
        self, shares: _Floats, to_candidate: Sequence[bool] | NDArray[np.bool_], worths: _Floats
    ) -> None:
        """Take in the next callers, in their order.

        Args:
            shares: the chance of each to be dealt the candidate. Where it is 0 or 1 chance has not
                decided, and nothing is compared.
            worths: of their answers, in [0, 1].

        Raises:
            ValueError: if one of them is out of its range; then nothing has changed.
        """
        share, dealt = np.asarray(shares, dtype=np.float64), np.asarray(to_candidate, dtype=bool)
        worth = np.asarray(worths, dtype=np.float64)
        for values in (share, worth):
            if not ((values >= 0.0) & (values <= 1.0)).all():
                raise ValueError("every share and worth must lie between 0 and 1")
        by_chance = (share > 0.0) & (share < 1.0)
        share, dealt, worth = share[by_chance], dealt[by_chance], worth[by_chance]
        if not len(share):
            return
        before = np.arange(len(worth)) + sum(self._counts)
        usual = (1.0 + sum(self._sums) + np.cumsum(worth) - worth) / (2.0 + before)
        harm, noninferiority = _log_bets(share, dealt, worth, usual, self.margin)
        path = self._harm + np.cumsum(harm, axis=0)
        self._harm = path[-1]
        self._most_harm = max(self._most_harm, float(_mixed(path).max()))
        self._noninferiority = self._noninferiority + noninferiority.sum(axis=0)
        for arm in (0, 1):
            self._counts[arm] += int((dealt == arm).sum())
            self._sums[arm] += float(worth[dealt == arm].sum())

    def state(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {
            "margin": self.margin,
            "harm": self._harm.tolist(),
            "most_harm": self._most_harm,
            "noninferiority": self._noninferiority.tolist(),
            "counts": list(self._counts),
            "sums": list(self._sums),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Return the comparison as it was when `state` was taken."""
        restored = cls(state["margin"])
        restored._harm = np.array(state["harm"], dtype=np.float64)
        restored._most_harm = state["most_harm"]
        restored._noninferiority = np.array(state["noninferiority"], dtype=np.float64)
        restored._counts = list(state["counts"])
        restored._sums = list(state["sums"])
        return restored

    def _arm(self, arm: int) -> tuple[int, float | None]:
        count = self._counts[arm]
        return count, self._sums[arm] / count if count else None


def _log_bets(
    share: NDArray[np.float64],
    dealt: NDArray[np.bool_],
    worth: NDArray[np.float64],
    usual: NDArray[np.float64],
    margin: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the logarithms (n, stakes) of the bets on harm, and on its absence."""
    effect = (worth - usual) / np.where(dealt, share, share - 1.0)
    most = np.maximum((1.0 - usual) / share, usual / (1.0 - share))
    least = np.maximum(usual / share, (1.0 - usual) / (1.0 - share))
    harm = (-margin - effect) / (margin + most)
    noninferiority = (effect + margin) / (least - margin)
    return np.log1p(_STAKES * harm[:, None]), np.log1p(_STAKES * noninferiority[:, None])


def _mixed(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the capital (...) of the mixture of stakes (..., 6)."""
    return np.asarray(
        np.exp(np.minimum(np.logaddexp.reduce(logs + _LOG_WEIGHTS, axis=-1), _LOG_CAP))
    )
