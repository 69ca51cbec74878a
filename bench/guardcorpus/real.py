"""Real answers of language models: how often the guards object to what nobody labelled."""

from __future__ import annotations

import json
import lzma
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from guards.checks import catalogue
from guards.checks.context import GuardContext

_ANSWERS = (
    Path(os.environ.get("BACKSTOP_SHARED_DATA", "../shared/data"))
    / "alpaca_eval"
    / "model_outputs.jsonl.xz"
)


def rows(most: int = 8_000) -> list[dict[str, Any]]:
    """Return findings by kind in answers of AlpacaEval; none where the data is not there."""
    if not _ANSWERS.exists():
        return []
    guards = catalogue.build({"personal_data": {}, "secrets": {}})
    context = GuardContext()
    found: Counter[str] = Counter()
    answers = _read(most)
    started = time.process_time()
    for answer in answers:
        found.update(each.kind for one in guards for each in one.guard.check(answer, context))
    took = time.process_time() - started
    size = sum(map(len, answers))
    return [
        {
            "answers": len(answers),
            "kind": kind,
            "findings": count,
            "per 1,000 answers": 1_000 * count / len(answers),
            "M characters a second": size / took / 1e6,
        }
        for kind, count in found.most_common()
    ]


def _read(most: int) -> list[str]:
    """Return every third answer, so that many models have their say."""
    with lzma.open(_ANSWERS, "rt") as lines:
        chosen = [line for index, line in enumerate(lines) if index % 3 == 0][:most]
    return [json.loads(line)["output"] for line in chosen]
