"""Faults on real answers of real models."""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path

import pytest

from guards.faults import is_degenerate

SHARED = Path(os.environ.get("BACKSTOP_SHARED_DATA", "../shared/data"))
OUTPUTS = SHARED / "alpaca_eval" / "model_outputs.jsonl.xz"
CAREFUL = "gpt-3.5-turbo-0613"  # a model of which no answer loops


@pytest.mark.slow
@pytest.mark.skipif(not OUTPUTS.exists(), reason=f"{OUTPUTS} is not there")
def test_real_answers_are_not_called_degenerate() -> None:
    """None of 805 answers of a careful model is, and under .5 % of all 30 models' answers."""
    with lzma.open(OUTPUTS, "rt", encoding="utf-8") as lines:
        answers = [json.loads(line) for line in lines]
    called = [answer["model"] for answer in answers if is_degenerate(answer["output"])]
    print(f"degenerate: {len(called)} of {len(answers)} answers")  # noqa: T201
    assert CAREFUL not in called
    assert len(called) < 0.005 * len(answers)
