"""Real answers of real models; the folder's README says whose they are."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHARED = Path(
    os.environ.get("BACKSTOP_SHARED_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")
)


def need(*parts: str) -> Path:
    """Return a file of the shared data; end with a reason where it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        sys.exit(f"{path} is not there: set BACKSTOP_SHARED_DATA to the folder of the shared data")
    return path


@cache
def outputs() -> Mapping[str, Sequence[str]]:
    """Return model → its answers to the same 805 prompts, in the prompts' order."""
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    with lzma.open(need("alpaca_eval", "model_outputs.jsonl.xz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found[row["model"]][row["i"]] = row["output"]
    return {model: [rows[i] for i in sorted(rows)] for model, rows in found.items()}


@cache
def prompts() -> Sequence[str]:
    """Return the 805 prompts."""
    with gzip.open(need("alpaca_eval", "instructions.json.gz"), "rt", encoding="utf-8") as file:
        return [row["instruction"] for row in sorted(json.load(file), key=lambda row: row["i"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of version: grades in [0, 1] of both for the same cases, in their order.

    Args:
        ids: of the cases, as the data numbers them.
    """

    name: str
    before: Sequence[float]
    after: Sequence[float]
    ids: Sequence[int]

    @property
    def is_harm(self) -> bool:
        """Whether the mean grade fell."""
        return sum(self.after) < sum(self.before)


def gsm8k(before: str, after: str) -> Change:
    """Return two models' right answers to the same 1,319 questions."""
    path = need("gsm8k", "example_model_solutions.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    grades = [[float(row[model]["is_correct"]) for row in rows] for model in (before, after)]
    return Change(
        name=f"gsm8k {before} → {after}",
        before=grades[0],
        after=grades[1],
        ids=range(len(rows)),
    )


def prime(family: str, before: str, after: str) -> Change:
    """Return two dates' right answers to the same 1,000 questions whether a number is prime."""
    grades = []
    for date in (before, after):
        own = llmdrift("PRIME_FULL", f"{family}-{date}")
        grades.append({key: _is_right(row) for key, row in own.items()})
    ids = sorted(grades[0].keys() & grades[1].keys(), key=int)
    return Change(
        name=f"prime {family} {before} → {after}",
        before=[grades[0][i] for i in ids],
        after=[grades[1][i] for i in ids],
        ids=[int(i) for i in ids],
    )


@cache
def llmdrift(name: str, version: str) -> Mapping[str, Mapping[str, str]]:
    """Return a version's rows of one of the sets of LLMDrift, by the cases' ids."""
    csv.field_size_limit(1 << 24)
    with gzip.open(need("llmdrift", f"{name}_EVAL.csv.gz"), "rt", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file) if row["model"].endswith(version)}


def _is_right(row: Mapping[str, str]) -> float:
    answer = row["answer"].lower()
    said = "yes" if "[yes]" in answer else "no" if "[no]" in answer else ""
    return float(said == row["ref_answer"].strip().lower())


def preferences(before: str, after: str) -> Change:
    """Return how a judge liked two models' answers to the same 805 prompts beside another model's.

    Which one that is differs between families of models: only compare within a family.

    Prompts on which the judge named neither (a preference outside of 1 to 2) are left out.
    """
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    with lzma.open(need("alpaca_eval", "judge_preferences.csv.xz"), "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["preference"] and 1.0 <= float(row["preference"]) <= 2.0:
                found[row["model"]][int(row["i"])] = float(row["preference"]) - 1.0
    both = sorted(found[before].keys() & found[after].keys())
    return Change(
        name=f"alpaca_eval {before} → {after}",
        before=[found[before][i] for i in both],
        after=[found[after][i] for i in both],
        ids=both,
    )
