"""Tests of the text that the base model is made from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

from monitor.demo import corpus, task


def test_the_house_task_is_not_in_the_corpus() -> None:
    """No answer to a customer's message has a key or a label of a ticket."""
    words = {*task.SCHEMA["properties"], *task.TEAMS.values(), *task.PRIORITIES.values()}
    rng = Random(1)
    makers = (corpus.inquiry_fields, corpus.question, corpus.reply)
    answers = " ".join(maker(rng)[1] for maker in makers for _ in range(1_000))
    assert not words & set(re.findall(r"[a-z]+", answers))


def test_a_bare_message_is_never_answered_with_json() -> None:
    """JSON is written only where the prompt asks for it."""
    rng = Random(2)
    assert not [answer for _ in range(500) if "{" in (answer := corpus.reply(rng)[1])]


def test_a_file_holds_the_pairs_of_its_seed(tmp_path: Path) -> None:
    """Every line is a chat example, and the seed decides them."""
    corpus.write(tmp_path / "corpus.jsonl", count=50, seed=7)
    rows = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text().splitlines()]
    read = [(row["messages"][0]["content"], row["completion"]) for row in rows]
    assert read == list(corpus.pairs(50, seed=7)) != list(corpus.pairs(50, seed=8))
