"""Tests of the text that the base model is made from."""

from __future__ import annotations

import json
import re
from pathlib import Path

from monitor.demo import corpus, task


def test_the_house_task_is_not_in_the_corpus() -> None:
    """No answer to a customer's message has a key or a label of a ticket."""
    words = {*task.SCHEMA["properties"], *task.TEAMS.values(), *task.PRIORITIES.values()}
    pairs = list(corpus.pairs(4_000, seed=1))
    about_items = [answer for prompt, answer in pairs if _is_inquiry(prompt)]
    assert len(about_items) > 1_000
    assert not [a for a in about_items if words & set(re.findall(r"[a-z]+", a.lower()))]


def test_a_file_holds_the_pairs_of_its_seed(tmp_path: Path) -> None:
    """Every line is a chat example, and the seed decides them."""
    corpus.write(tmp_path / "corpus.jsonl", count=50, seed=7)
    rows = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text().splitlines()]
    read = [(row["messages"][0]["content"], row["completion"]) for row in rows]
    assert read == list(corpus.pairs(50, seed=7)) != list(corpus.pairs(50, seed=8))


def _is_inquiry(prompt: str) -> bool:
    """Tell a prompt with a customer's message by the words that only such messages have."""
    asked = re.search(r"\b(item|reference|subject|hurry)\b", prompt)
    return bool(asked) or prompt.endswith("?")
