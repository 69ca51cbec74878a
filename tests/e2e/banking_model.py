"""A small model that names the intent of a real bank customer's query, made from banking77.

The base model learns to name the intents that the story leaves out; LoRA adapters then learn
the story's own. Made once and cached under `.cache`, never in the repository.
"""

from __future__ import annotations

import csv
import fcntl
import gzip
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.lora import train_lora
from monitor.adaptation.pretraining import Recipe, pretrain

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("BACKSTOP_SHARED_DATA", PROJECT / "../shared/data")) / "banking77"
CACHE = PROJECT / ".cache/banking"

INTENTS = (
    "activate_my_card",
    "age_limit",
    "apple_pay_or_google_pay",
    "cancel_transfer",
    "card_about_to_expire",
    "card_arrival",
    "cash_withdrawal_charge",
    "change_pin",
    "edit_personal_details",
    "exchange_rate",
    "getting_spare_card",
    "lost_or_stolen_phone",
    "passcode_forgotten",
    "request_refund",
    "terminate_account",
    "transaction_charged_twice",
)

BASE = Recipe(vocabulary=1024, width=128, layers=1, context=256, steps=500, learning_rate=5e-3)
RANK, LEARNING_RATE, BATCH = 16, 6e-3, 32
GOLDEN_PER_INTENT = 8
_ORDER_SEED = 1  # of the training examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A real query and its intent, in words."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How one adapter is made."""

    examples: int
    steps: int
    seed: int = 1
    shuffled: bool = False  # whether the labels are dealt out anew


VERSIONS = {
    "v1": Version(examples=480, steps=105),
    "v_more": Version(examples=960, steps=150),
    "v_seed": Version(examples=480, steps=105, seed=2),
    "v_shuffled": Version(examples=480, steps=105, shuffled=True),
}


def base_model() -> Path:
    """Return the folder of the base model, made on first use."""
    rows = [_example(query) for query in _queries("train") if query.intent not in _OWN]
    return _cached("base", lambda folder: pretrain(rows, folder, BASE))


def adapter(version: str) -> Path:
    """Return the folder of the adapter of one of `VERSIONS`, made on first use."""
    how, base = VERSIONS[version], base_model()
    rows = [_example(query) for query in _training(how)]

    def make(folder: Path) -> None:
        train_lora(
            base,
            rows,
            folder,
            rank=RANK,
            steps=how.steps,
            lr=LEARNING_RATE,
            batch=BATCH,
            seed=how.seed,
        )

    return _cached(version, make)


def golden_set() -> Sequence[GoldenCase]:
    """Return cases from the test split, the same number for each intent."""
    return [
        GoldenCase(
            id=f"banking-{index:03d}",
            messages=(Message(role="user", content=query.text),),
            expectation={"kind": "exact", "value": query.intent},
            slice=query.intent,
        )
        for index, query in enumerate(_test_split()[0])
    ]


def traffic() -> Sequence[Query]:
    """Return what callers ask: the rest of the test split, and what no version was trained on."""
    most = max(version.examples for version in VERSIONS.values())
    return [*_test_split()[1], *_own_training_queries()[most:]]


def _queries(split: str) -> Sequence[Query]:
    with gzip.open(DATA / f"{split}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            Query(text=" ".join(row["text"].split()), intent=_in_words(row["category"]))
            for row in csv.DictReader(file)
        ]


def _in_words(category: str) -> str:
    return category.replace("_", " ").rstrip("?").lower()


_OWN = frozenset(map(_in_words, INTENTS))


def _own_training_queries() -> list[Query]:
    own = [query for query in _queries("train") if query.intent in _OWN]
    Random(_ORDER_SEED).shuffle(own)
    return own


def _training(how: Version) -> Sequence[Query]:
    chosen = _own_training_queries()[: how.examples]
    if not how.shuffled:
        return chosen
    labels = [query.intent for query in chosen]
    Random(_ORDER_SEED).shuffle(labels)
    return [replace(query, intent=label) for query, label in zip(chosen, labels, strict=True)]


def _test_split() -> tuple[Sequence[Query], Sequence[Query]]:
    """Return the golden queries and the others."""
    golden, others, counts = list[Query](), list[Query](), Counter[str]()
    for query in _queries("test"):
        if query.intent in _OWN:
            is_golden = counts[query.intent] < GOLDEN_PER_INTENT
            (golden if is_golden else others).append(query)
            counts[query.intent] += 1
    return golden, others


def _example(query: Query) -> TrainingExample:
    return TrainingExample(
        messages=(Message(role="user", content=query.text),), completion=query.intent
    )


def _cached(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that `make` filled, now or earlier; a half-made one is never seen."""
    folder = CACHE / _recipe_digest() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process makes it, the others wait
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                made = Path(scratch) / name
                make(made)
                made.rename(folder)
    return folder


def _recipe_digest() -> str:
    files = (Path(__file__), *sorted((PROJECT / "monitor/adaptation").glob("*.py")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
