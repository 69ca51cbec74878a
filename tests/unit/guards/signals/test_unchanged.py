"""The signals that stored references hold are what they were when these were frozen.

Each is defined here once more, plainly and slowly; the catalogue must give the same to the last bit.
"""

from __future__ import annotations

import json
import lzma
import math
import os
import zlib
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.exchange import Exchange
from guards.signals import catalogue, text
from tests.unit.guards.samples import exchange

SHARED = Path(os.environ.get("BACKSTOP_SHARED_DATA", "../shared/data"))
OUTPUTS = SHARED / "alpaca_eval" / "model_outputs.jsonl.xz"


def units(answer: str) -> Sequence[str]:
    """Return words, or characters where a word has more than 24 of them on average."""
    words = answer.split()
    return words if sum(map(len, words)) <= 24 * len(words) else "".join(words)


def ratio(answer: str) -> float:
    """Return the ratio at zlib's first level and largest window."""
    raw = answer.encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, 1)) if answer else math.nan


def repeated(items: Sequence[object]) -> float:
    """Return the share of items that occurred before."""
    return 1 - len(set(items)) / len(items) if items else math.nan


def letters(answer: str) -> float:
    """Return the share of letters in what is not blank."""
    solid = "".join(answer.split())
    return sum(map(str.isalpha, solid)) / len(solid) if solid else math.nan


def word_length(answer: str) -> float:
    """Return the mean length of a word."""
    words = answer.split()
    return sum(map(len, words)) / len(words) if words else math.nan


PLAINLY: dict[str, Callable[[str], float]] = {
    "characters": len,
    "words": lambda answer: len(answer.split()),
    "lines": lambda answer: sum(1 for line in answer.split("\n") if line.strip()),
    "compression_ratio": ratio,
    "word_length": word_length,
    "letters": letters,
    "repeated_ngrams": lambda answer: repeated(
        [tuple(units(answer)[i : i + 4]) for i in range(len(units(answer)) - 3)]
    ),
    "repeated_lines": lambda answer: repeated(
        [line.strip() for line in answer.split("\n") if line.strip()]
    ),
    "longest_run": lambda answer: max(
        (sum(1 for _ in run) for _, run in groupby(units(answer))), default=0
    ),
}


def assert_unchanged(answers: Sequence[str]) -> None:
    """Compare every value of every answer."""
    table = catalogue.table([exchange(answer) for answer in answers])
    for name, plainly in PLAINLY.items():
        expected = np.array([plainly(answer) for answer in answers], dtype=np.float64)
        assert np.array_equal(table.column(name), expected, equal_nan=True), name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_the_values_of_any_text_are_unchanged(answers: list[str]) -> None:
    """In whatever batch it comes."""
    assert_unchanged(answers)


@pytest.mark.slow
@pytest.mark.skipif(not OUTPUTS.exists(), reason=f"{OUTPUTS} is not there")
def test_the_values_of_real_answers_are_unchanged() -> None:
    """Every twentieth of 24,150 answers of 30 models."""
    with lzma.open(OUTPUTS, "rt", encoding="utf-8") as lines:
        assert_unchanged([json.loads(line)["output"] for line in lines][::20])


@pytest.mark.parametrize("size", [1, 250, 251, 762, 763, 1786, 8_000, 32_506, 32_507, 90_000])
def test_a_smaller_window_compresses_no_less(size: int) -> None:
    """At the sizes where the next window is taken, and beyond the largest."""
    rng = np.random.default_rng(size)
    words = np.array(["order", "parcel", "soon", "late", "Osaka", "\n", "refund", "é"])
    raw = " ".join(rng.choice(words, size=size)).encode()[:size]
    small = zlib.compress(raw, 1, text.window(len(raw)))
    assert len(small) == len(zlib.compress(raw, 1))


def test_likelihoods_are_unchanged() -> None:
    """Of 300 answers of different lengths."""
    rng = np.random.default_rng(1)
    made: list[Exchange] = [
        exchange(token_logprobs=tuple(-rng.exponential(1.0, size=rng.integers(1, 250))))
        for _ in range(300)
    ]
    table = catalogue.table(made)
    for name, measure in {
        "logprob_mean": lambda values: sum(values) / len(values),
        "logprob_min": min,
        "unlikely_tokens": lambda values: sum(v < math.log(0.1) for v in values) / len(values),
    }.items():
        expected = [measure(each.token_logprobs or ()) for each in made]
        assert table.column(name).tolist() == expected
