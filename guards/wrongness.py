"""Wrong answers without labels: how likely an answer is wrong, learnt from a graded golden set.

A logistic regression on signals that say how sure the
model was, how well its answer agrees with others, and how far it keeps to what it was given. Each
of the folds' models is fitted without its own fold, so every golden answer has a score of a model
that has not seen it; a new answer is ranked among those (cross-conformal prediction, Vovk, 2015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.logistic import Logistic, sigmoid
from guards.signals.signal import Values

WRONG_ANSWER = "wrong_answer"  # the signal's name in the record: a probability
FEWEST = 10  # right answers, and wrong ones, without which nothing is learnt
_FOLDS = 5
_DEFINED = 0.5  # share of the golden answers that must have a signal for it to be learnt from
_SURE = 1.645  # one-sided 5 %


class NothingLearnt(ValueError):
    """A golden set's grades do not teach how to tell wrong answers; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrongAnswers:
    """Tells how likely an answer is wrong by its signals.

    Args:
        names: the signals looked at, in the columns' order.
        models: for each fold the model that has not seen it.
        right: for each fold the log-odds of its own right answers, sorted.
        auroc: of the golden answers, each by the model that has not seen it, in [0, 1].
        brier, brier_base: mean squared error of the probabilities of the same, and that of who
            always says the share of wrong answers.
        size: golden answers learnt from.
    """

    names: tuple[str, ...]
    models: tuple[Logistic, ...]
    right: tuple[Values, ...]
    auroc: float
    brier: float
    brier_base: float
    size: int

    @classmethod
    def fit(
        cls, signals: Sequence[Mapping[str, float]], grades: Sequence[float], *, seed: int
    ) -> Self:
        """Learn from graded answers; the same ones and seed give the same.

        Args:
            signals: of each answer, by name; what is missing is unknown.
            grades: in [0, 1]; an answer is wrong if its grade is below .5.

        Raises:
            NothingLearnt: if fewer than 10 answers are right, or wrong, if no signal is known of
                half of them, or if the signals do not tell wrong from right (one-sided 5 %).
        """
        graded = np.asarray(grades, dtype=np.float64)
        truth, wrong = 1.0 - graded, graded < 0.5
        _refuse_few(wrong)
        names = _known(signals)
        table = _table(names, signals)
        folds = _folds(wrong, seed)
        models = tuple(Logistic.fit(table[folds != k], truth[folds != k]) for k in range(_FOLDS))
        odds = np.empty(len(wrong))
        for k, model in enumerate(models):
            odds[folds == k] = model.odds(table[folds == k])
        auroc = _auroc(odds, wrong)
        _refuse_chance(auroc, wrong)
        return cls(
            names=names,
            models=models,
            right=tuple(np.sort(odds[(folds == k) & ~wrong]) for k in range(_FOLDS)),
            auroc=auroc,
            brier=float(np.mean((sigmoid(odds) - truth) ** 2)),
            brier_base=float(np.var(truth)),
            size=len(graded),
        )

    def probabilities(self, signals: Sequence[Mapping[str, float]]) -> Values:
        """Return for each answer how likely it is wrong, (n,); NaN where no signal is known."""
        odds, known = self._odds(signals)
        return np.where(known, sigmoid(odds).mean(axis=1), np.nan)

    def p_values(self, signals: Sequence[Mapping[str, float]]) -> Values:
        """Return conformal p-values (n,) against "the answer is right"; NaN where none is known.

        Small means that hardly any right golden answer looked as wrong as this one. If right
        answers are exchangeable with the right golden ones, P(p ≤ α) is at most 2α and a term of
        about folds / size (Barber et al., 2021), and near α unless the folds' models are unstable.
        """
        odds, known = self._odds(signals)
        as_wrong = sum(
            len(right) - np.searchsorted(right, odds[:, k], side="left")
            for k, right in enumerate(self.right)
        )
        total = sum(map(len, self.right))
        return np.where(known, (as_wrong + 1) / (total + 1), np.nan)

    def _odds(self, signals: Sequence[Mapping[str, float]]) -> tuple[Values, NDArray[np.bool_]]:
        """Return log-odds of shape (n, folds), and whether anything is known of each answer."""
        table = _table(self.names, signals)
        odds = np.column_stack([model.odds(table) for model in self.models])
        return odds, np.asarray(~np.isnan(table).all(axis=1))

    def state(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {
            "names": list(self.names),
            "models": [model.state() for model in self.models],
            "right": [part.tolist() for part in self.right],
            "auroc": self.auroc,
            "brier": self.brier,
            "brier_base": self.brier_base,
            "size": self.size,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Return what gave the state."""
        return cls(
            names=tuple(state["names"]),
            models=tuple(Logistic.restore(each) for each in state["models"]),
            right=tuple(np.array(part, dtype=np.float64) for part in state["right"]),
            auroc=state["auroc"],
            brier=state["brier"],
            brier_base=state["brier_base"],
            size=state["size"],
        )


def _refuse_few(wrong: NDArray[np.bool_]) -> None:
    right = int((~wrong).sum())
    if min(right, len(wrong) - right) < FEWEST:
        raise NothingLearnt(
            f"{right} right and {len(wrong) - right} wrong golden answers: "
            f"at least {FEWEST} of each are needed"
        )


def _refuse_chance(auroc: float, wrong: NDArray[np.bool_]) -> None:
    """Refuse what chance gives, by the Mann–Whitney statistic's variance under no difference."""
    right = int((~wrong).sum())
    deviation = math.sqrt((len(wrong) + 1) / (12 * right * (len(wrong) - right)))
    if (auroc - 0.5) / deviation < _SURE:
        raise NothingLearnt(
            f"the signals do not tell wrong golden answers from right ones (AUROC {auroc:.2f})"
        )


def _known(signals: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for each in signals:
        for name in each:
            counts[name] = counts.get(name, 0) + 1
    names = tuple(sorted(name for name, n in counts.items() if n >= _DEFINED * len(signals)))
    if not names:
        raise NothingLearnt("no signal of sureness or agreement is known of half the answers")
    return names


def _table(names: Sequence[str], signals: Sequence[Mapping[str, float]]) -> Values:
    return np.array([[each.get(name, math.nan) for name in names] for each in signals]).reshape(
        len(signals), len(names)
    )


def _folds(wrong: NDArray[np.bool_], seed: int) -> NDArray[np.int_]:
    """Deal right and wrong answers out to the folds, each in a random order."""
    random = np.random.default_rng(seed)
    folds = np.empty(len(wrong), dtype=np.int_)
    for rows in (np.flatnonzero(wrong), np.flatnonzero(~wrong)):
        folds[random.permutation(rows)] = np.arange(len(rows)) % _FOLDS
    return folds


def _auroc(odds: Values, wrong: NDArray[np.bool_]) -> float:
    """Return the chance that a wrong answer looks more wrong than a right one; ties count half."""
    right = np.sort(odds[~wrong])
    below = np.searchsorted(right, odds[wrong], side="left")
    upto = np.searchsorted(right, odds[wrong], side="right")
    return float((below + upto).mean() / (2 * len(right)))
