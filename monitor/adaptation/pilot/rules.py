"""The recommendation of a pilot, from rules that are printed with it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.adaptation.pilot.plan import PROMPTS
from monitor.adaptation.recipe import Method

Row = Mapping[str, Any]


class Advice(enum.Enum):
    """What a team should do."""

    ADAPT = "adapt"  # means that an adapter pays
    FULL = "full"  # means that full fine-tuning is better than every adapter by the margin
    MORE = "more"  # means that nothing suffices yet, and quality still rises with examples
    PROMPT = "prompt"  # means that nothing is shown to be better than a prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The limits that decide.

    Args:
        margin: difference in mean quality, 0 to 1, that counts.
        regression_rate: share of golden cases that may become worse than the base model's.
        forgetting: nats a token that the likelihood of general answers may fall.
    """

    margin: float = 0.05
    regression_rate: float = 0.05
    forgetting: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What the rules say.

    Args:
        row: place of the row that is recommended; of the best prompt for `PROMPT` and `MORE`.
        prompt: place of the best prompt's row.
        refused: place of a row → names of the rules that it breaks.
    """

    advice: Advice
    row: int
    prompt: int
    refused: Mapping[int, tuple[str, ...]]


def recommend(rows: Sequence[Row], rules: Rules) -> Recommendation:
    """Return what to do.

    1. `gain`: the interval of an arm's quality lies above the best prompt's mean, and its mean by
       the margin at least.
    2. `regression`: no more golden cases became worse than the base's than is allowed.
    3. `forgetting`: general answers did not become less likely than is allowed.
    4. Full fine-tuning is recommended if it is above every adapter left by more than the margin.
    5. Else the adapter with the fewest examples, then the fewest trained values, of those within
       the margin of the best one.
    6. If none is left: more examples if the best mean rose by the margin between the two largest
       sizes, else the prompt.
    """
    whole = [place for place, row in enumerate(rows) if "failed" not in row]
    prompt = max(
        (place for place in whole if rows[place]["arm"] in PROMPTS), key=lambda at: _mean(rows[at])
    )
    trained = [place for place in whole if rows[place]["arm"] not in PROMPTS]
    broken = {place: _broken(rows[place], _mean(rows[prompt]), rules) for place in trained}
    refused = {place: names for place, names in broken.items() if names}
    left = [place for place in trained if place not in refused]
    if not left:
        advice = Advice.MORE if _rises([rows[place] for place in trained], rules) else Advice.PROMPT
        return Recommendation(advice=advice, row=prompt, prompt=prompt, refused=refused)
    advice, row = _chosen(rows, left, rules)
    return Recommendation(advice=advice, row=row, prompt=prompt, refused=refused)


def _chosen(rows: Sequence[Row], left: Sequence[int], rules: Rules) -> tuple[Advice, int]:
    full = [place for place in left if rows[place]["arm"] == Method.FULL.value]
    adapters = [place for place in left if place not in full]
    best_full = max((_mean(rows[place]) for place in full), default=-1.0)
    best = max((_mean(rows[place]) for place in adapters), default=-1.0)
    if not adapters or best_full > best + rules.margin:
        return Advice.FULL, _cheapest(rows, full, best_full - rules.margin)
    return Advice.ADAPT, _cheapest(rows, adapters, best - rules.margin)


def _cheapest(rows: Sequence[Row], places: Sequence[int], least: float) -> int:
    good = [place for place in places if _mean(rows[place]) >= least]
    return min(good, key=lambda at: (rows[at]["size"], rows[at]["cost"]["trained"]))


def _broken(row: Row, prompt: float, rules: Rules) -> tuple[str, ...]:
    quality = row["quality"]
    gains = quality["low"] > prompt and quality["mean"] >= prompt + rules.margin
    keeps = row["forgetting"] is None or row["forgetting"] <= rules.forgetting
    held = {
        "gain": gains,
        "regression": row["regression_rate"] <= rules.regression_rate,
        "forgetting": keeps,
    }
    return tuple(name for name, holds in held.items() if not holds)


def _rises(trained: Sequence[Row], rules: Rules) -> bool:
    sizes = sorted({row["size"] for row in trained})[-2:]
    if len(sizes) < 2:
        return False
    less, more = (max(_mean(row) for row in trained if row["size"] == size) for size in sizes)
    return more >= less + rules.margin


def _mean(row: Row) -> float:
    mean: float = row["quality"]["mean"]
    return mean
