"""Changes of version whose direction is known: both versions' answers to the same cases, graded."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bench.detection import data
from bench.detection.data import Change

_GPT = (("gpt-4", "0314", "0613"), ("gpt-3.5-turbo", "0301", "0613"))
# Name of a grade → set of LLMDrift, column, what stands in it where the grade is 1.
_FEW = {
    "code runs as it is": ("LEETCODE_EASY", "Directly Usable", "1"),
    "code runs without fences": ("LEETCODE_EASY", "Clean_Code_Submit", "Accepted"),
    "answers a sensitive question": ("SENSITIVEQ", "Response Rate", "1"),
}
_GSM8K = (("175b_verification", "175b_finetuning"), ("6b_verification", "6b_finetuning"))
_PREFERENCES = (
    ("tulu-2-dpo-70b", "tulu-2-dpo-7b"),
    ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106_concise"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """A change with the texts: prompts and both versions' answers (cases,)."""

    change: Change
    prompts: Sequence[str]
    before: Sequence[str]
    after: Sequence[str]

    def of_cases(self, name: str, places: Sequence[int]) -> Versions:
        """Return the change on some of the cases alone."""
        change = Change(
            name=f"{self.change.name}, {name}",
            before=[self.change.before[i] for i in places],
            after=[self.change.after[i] for i in places],
            ids=[self.change.ids[i] for i in places],
        )
        return Versions(
            change=change,
            prompts=[self.prompts[i] for i in places],
            before=[self.before[i] for i in places],
            after=[self.after[i] for i in places],
        )


@cache
def all_changes() -> tuple[Versions, ...]:
    """Return LLMDrift's twelve changes, and those of `gsm8k` and `alpaca_eval` both ways."""
    found: list[Versions] = []
    for family in _GPT:
        found += _primes(*family)
    for name in _FEW:
        found += [_few(name, *family) for family in _GPT]
    for before, after in _GSM8K:
        found += [_gsm8k(before, after), _gsm8k(after, before)]
    for before, after in _PREFERENCES:
        found += [_preferences(before, after), _preferences(after, before)]
    return tuple(found)


def _primes(family: str, before: str, after: str) -> list[Versions]:
    """Return the change over all questions, over those about primes, and over the others."""
    change = data.prime(family, before, after)
    rows = [data.llmdrift("PRIME_FULL", f"{family}-{date}") for date in (before, after)]
    whole = _of_rows(change, rows)
    is_prime = [rows[0][str(i)]["ref_answer"].strip().lower() == "yes" for i in change.ids]
    return [
        whole,
        *(
            whole.of_cases(name, [i for i, prime in enumerate(is_prime) if prime == wanted])
            for name, wanted in (("primes", True), ("composites", False))
        ),
    ]


def _few(name: str, family: str, before: str, after: str) -> Versions:
    source, column, good = _FEW[name]
    rows = [data.llmdrift(source, f"{family}-{date}") for date in (before, after)]
    keys = sorted(rows[0].keys() & rows[1].keys())
    grades = [[float(good in own[key][column]) for key in keys] for own in rows]
    return Versions(
        change=Change(
            name=f"{name}: {family} {before} → {after}",
            before=grades[0],
            after=grades[1],
            ids=range(len(keys)),
        ),
        prompts=[rows[0][key]["query"] for key in keys],
        before=[rows[0][key]["answer"] for key in keys],
        after=[rows[1][key]["answer"] for key in keys],
    )


def _of_rows(change: Change, rows: Sequence[Mapping[str, Mapping[str, str]]]) -> Versions:
    return Versions(
        change=change,
        prompts=[rows[0][str(i)]["query"] for i in change.ids],
        before=[rows[0][str(i)]["answer"] for i in change.ids],
        after=[rows[1][str(i)]["answer"] for i in change.ids],
    )


def _gsm8k(before: str, after: str) -> Versions:
    path = data.need("gsm8k", "example_model_solutions.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return Versions(
        change=data.gsm8k(before, after),
        prompts=[row["question"] for row in rows],
        before=[row[before]["solution"] for row in rows],
        after=[row[after]["solution"] for row in rows],
    )


def _preferences(before: str, after: str) -> Versions:
    change = data.preferences(before, after)
    texts = data.outputs()
    return Versions(
        change=change,
        prompts=[data.prompts()[i] for i in change.ids],
        before=[texts[before][i] for i in change.ids],
        after=[texts[after][i] for i in change.ids],
    )
