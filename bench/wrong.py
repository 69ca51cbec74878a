"""Wrong answers without labels: `python -m bench.wrong [--json] [--seeds N]`.

Four models' solutions to the same questions of gsm8k, graded. Half of the questions are the golden
set that is learnt from, the others are the live answers that are scored; a new split for each seed.
The clues are how far another model's solution agrees, and how much of an answer the question
grounds: these solutions come without log-probabilities. Beside: length only, and never suspecting.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from bench import output
from bench.detection import data
from guards import clues
from guards.exchange import Exchange, Message, Passage
from guards.wrongness import NothingLearnt, WrongAnswers

GOLDEN = 300  # answers that are learnt from
ALPHA = 0.1
_AT = datetime(2026, 1, 1, tzinfo=UTC)
PAIRS = (
    ("175b_verification", "175b_finetuning"),
    ("175b_finetuning", "175b_verification"),
    ("6b_verification", "6b_finetuning"),
    ("6b_finetuning", "175b_verification"),
)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    rows = [_row(model, other, options.seeds) for model, other in PAIRS]
    notes = [
        "",
        f"Medians over {options.seeds} splits with the middle 90 %: {GOLDEN} golden answers, the rest scored.",
        "AUROC: chance that a wrong answer gets a higher score than a right one.",
        f"Right answers suspected: share of right answers with p ≤ {ALPHA:g}; promised about "
        f"{ALPHA:g}, proved at twice that.",
        "Brier: mean squared error of the probability; in brackets that of who says the base rate.",
    ]
    output.show("Wrong answers of gsm8k", rows, notes, options.json)


def _row(model: str, other: str, seeds: int) -> Mapping[str, Any]:
    found = [_measured(model, other, seed) for seed in range(seeds)]
    told = [each for each in found if each is not None]
    return {
        "answers of": model,
        "beside": other,
        "wrong": f"{1 - np.mean(_right(model)):.0%}",
        "learnt": f"{len(told)} of {seeds}",
        "AUROC": _spread([each["auroc"] for each in told]),
        "length only": _spread([each["length"] for each in told]),
        "Brier": _spread([each["brier"] for each in told])
        + f" ({np.median([each['base'] for each in told]):.3f})",
        "right suspected": _spread([each["suspected"] for each in told]),
        "wrong suspected": _spread([each["caught"] for each in told]),
    }


def _measured(model: str, other: str, seed: int) -> Mapping[str, float] | None:
    right = _right(model)
    order = np.random.default_rng(seed).permutation(len(right))
    golden, live = order[:GOLDEN], order[GOLDEN:]
    signals = _clues(model, other)
    try:
        learnt = WrongAnswers.fit([signals[i] for i in golden], right[golden].tolist(), seed=seed)
    except NothingLearnt:
        return None
    scored = [signals[i] for i in live]
    likely, p_values = learnt.probabilities(scored), learnt.p_values(scored)
    wrong = right[live] < 0.5
    lengths = np.array([len(text) for text in _texts(model)])[live]
    by_length = roc_auc_score(wrong, lengths)
    return {
        "auroc": float(roc_auc_score(wrong, np.nan_to_num(likely, nan=wrong.mean()))),
        "length": float(max(by_length, 1 - by_length)),
        "brier": float(np.nanmean((likely - wrong) ** 2)),
        "base": float(np.mean((1 - right[golden].mean() - wrong) ** 2)),
        "suspected": float(np.mean(p_values[~wrong] <= ALPHA)),
        "caught": float(np.mean(p_values[wrong] <= ALPHA)),
    }


@cache
def _rows() -> Sequence[Mapping[str, Any]]:
    path = data.need("gsm8k", "example_model_solutions.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def _right(model: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(row[model]["is_correct"]) for row in _rows()])


@cache
def _texts(model: str) -> Sequence[str]:
    return [row[model]["solution"] for row in _rows()]


@cache
def _clues(model: str, other: str) -> Sequence[Mapping[str, float]]:
    answers, others = (
        [
            _exchange(row["question"], name, text)
            for row, text in zip(_rows(), _texts(name), strict=True)
        ]
        for name in (model, other)
    )
    return clues.of_answers(answers, others)


def _exchange(question: str, model: str, text: str) -> Exchange:
    return Exchange(
        id=model,
        deployment="gsm8k",
        started_at=_AT,
        messages=(Message(role="user", content=question),),
        context=(Passage(id="question", text=question),),
        output=text,
        adapter=model,
    )


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
