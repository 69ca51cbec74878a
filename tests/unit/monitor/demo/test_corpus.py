"""Tests of the text that the base model is made from."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.demo import corpus, task


def test_the_house_task_is_not_in_the_corpus() -> None:
    """Neither the labels nor the keys of a ticket are in any answer."""
    words = {f'"{key}":' for key in task.SCHEMA["properties"]}
    words |= {f'"{label}"' for label in (*task.TEAMS.values(), *task.PRIORITIES.values())}
    answers = " ".join(answer for _, answer in corpus.pairs(3_000, seed=1))
    assert not [word for word in words if word in answers]


def test_a_file_holds_the_pairs_of_its_seed(tmp_path: Path) -> None:
    """Every line is a chat example, and the seed decides them."""
    corpus.write(tmp_path / "corpus.jsonl", count=50, seed=7)
    rows = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text().splitlines()]
    read = [(row["messages"][0]["content"], row["completion"]) for row in rows]
    assert read == list(corpus.pairs(50, seed=7)) != list(corpus.pairs(50, seed=8))
