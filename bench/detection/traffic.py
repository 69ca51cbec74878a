"""Texts of real customers, and prompts with where they come from: streams in which nothing changes."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache

from bench.detection import data

# Halves of the day, each about half of the texts.
_DAY_DOMAINS = ("banking", "credit_cards", "work", "auto_and_commute", "travel")
_DAY_SETS = ("selfinstruct", "helpful_base")
_DIALOGUES = 3_000  # as many as are needed


@cache
def texts(name: str) -> Sequence[str]:
    """Return what customers said: `clinc150`, `banking77` or `sgd`, each text once."""
    found = {"clinc150": _clinc, "banking77": _banking, "sgd": _sgd}[name]()
    return list(dict.fromkeys(found))


@cache
def is_of_day(name: str) -> Sequence[bool]:
    """Return of each text of `clinc150`, or each prompt of `alpaca_eval`, whether it is asked by day."""
    if name == "clinc150":
        domains = _domains()
        intents = dict(_intents())
        return [domains[intents[text]] in _DAY_DOMAINS for text in texts(name)]
    with gzip.open(
        data.need("alpaca_eval", "instructions.json.gz"), "rt", encoding="utf-8"
    ) as file:
        rows = sorted(json.load(file), key=lambda row: row["i"])
    return [row["dataset"] in _DAY_SETS for row in rows]


def _clinc() -> list[str]:
    return [text for text, _ in _intents()]


def _intents() -> list[tuple[str, str]]:
    """Return the utterances in scope with their intents."""
    with gzip.open(data.need("clinc150", "data_full.json.gz"), "rt", encoding="utf-8") as file:
        parts = json.load(file)
    return [(text, intent) for part in ("train", "val", "test") for text, intent in parts[part]]


def _domains() -> Mapping[str, str]:
    with gzip.open(data.need("clinc150", "domains.json.gz"), "rt", encoding="utf-8") as file:
        found = json.load(file)
    return {
        intent.replace(" ", "_"): domain for domain, intents in found.items() for intent in intents
    }


def _banking() -> list[str]:
    found = []
    for part in ("train", "test"):
        path = data.need("banking77", f"{part}.csv.gz")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found += [row["text"] for row in csv.DictReader(file)]
    return found


def _sgd() -> list[str]:
    found: list[str] = []
    path = data.need("sgd", "sgd_dialogues.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for _, line in zip(range(_DIALOGUES), lines, strict=False):
            turns = json.loads(line)["turns"]
            found += [turn["utterance"] for turn in turns if turn["speaker"] == "USER"]
    return found
