"""Early stopping on real pairs: four models' right answers to the same 1,319 questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detection import data, figures
from guards.betting import evidence_of_harm, evidence_of_noninferiority
from guards.trial import SHOWN

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
MARGIN = 0.05
_CHUNK = 250  # orders at once: their bets are some 100 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """Where runs in many orders stopped, and whether at "worse"."""

    after: NDArray[np.int64]
    worse: NDArray[np.bool_]


def pairs() -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield every pair of models in both directions, with the differences of their grades."""
    for before, after in permutations(MODELS, 2):
        change = data.gsm8k(before, after)
        name = f"{before} → {after}"
        yield name, np.asarray(change.after) - np.asarray(change.before)


def stops(differences: NDArray[np.float64], margin: float, orders: int, seed: int) -> Stops:
    """Run the cases in many orders until either line is reached, or all are graded."""
    rng, size = np.random.default_rng(seed), len(differences)
    after, worse = [], []
    for start in range(0, orders, _CHUNK):
        rows = rng.permuted(np.tile(differences, (min(_CHUNK, orders - start), 1)), axis=1)
        harm = evidence_of_harm(rows, margin, size) >= SHOWN
        clear = evidence_of_noninferiority(rows, margin, size) >= SHOWN
        settled = harm | clear
        settled[:, -1] = True
        place = settled.argmax(axis=1)
        is_last = place == size - 1
        of_set = bool(differences.mean() < -margin - 1e-9)
        found = np.take_along_axis(harm, place[:, None], axis=1)[:, 0]
        after.append(place + 1)
        worse.append(np.where(is_last, of_set, found))
    return Stops(after=np.concatenate(after), worse=np.concatenate(worse))


def rows(orders: int) -> list[Mapping[str, Any]]:
    """Return a row for each pair, and for each harmful one with the margin moved to its mean."""
    found = []
    for name, differences in pairs():
        found.append(_row(name, differences, MARGIN, orders))
        if differences.mean() < 0:
            at_margin = float(-differences.mean())
            found.append(_row(f"{name}, at the margin", differences, at_margin, orders))
    return found


def pooled(found: Sequence[Mapping[str, Any]], orders: int) -> list[str]:
    """Return the share of false "worse" over all sets that are not worse, as sentences."""
    sentences = []
    for kind, is_kind in (("at the policy's margin", False), ("with the margin at the mean", True)):
        own = [
            row
            for row in found
            if row["whole set"] == "not worse" and row["pair"].endswith("margin") is is_kind
        ]
        hits, trials = sum(row["false worse"] for row in own), orders * len(own)
        limit = figures.upper_limit(hits, trials)
        sentences.append(f"False worse {kind}: {hits} of {trials:,} (≤ {limit:.3%}).")
    return sentences


def _row(
    name: str, differences: NDArray[np.float64], margin: float, orders: int
) -> Mapping[str, Any]:
    mean = float(differences.mean())
    is_worse = mean < -margin - 1e-9
    seen = stops(differences, margin, orders, seed=0)
    same = int((seen.worse == is_worse).sum())
    median = int(np.median(seen.after))
    return {
        "pair": name,
        "difference": f"{mean:+.3f}",
        "margin": f"{margin:.3f}",
        "whole set": "worse" if is_worse else "not worse",
        "same verdict": f"{same / orders:.1%}",
        "median cases": median,
        "of the set": f"{median / len(differences):.3f}",
        "false worse": 0 if is_worse else int(seen.worse.sum()),
    }
