"""Quality of the demo's adapters: `python -m bench.demo_quality [--json] [--seeds N] [--live N]`.

Trains v1, v2 and v3 with several seeds, answers the golden set and live prompts greedily, and
prints the mean grade of the golden set (share of right fields), the share of answers that
satisfy the schema, and the seconds of training.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from monitor.adaptation.examples import read_examples
from monitor.adaptation.lora import train_lora
from monitor.adaptation.threads import torch_threads
from monitor.demo import task, traffic

BASE = Path(task.__file__).parent / "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figures of one training."""

    version: str
    seed: int
    golden: float
    live: float
    valid: float
    seconds: float


def answers(folder: Path | None, prompts: Sequence[str], base: Path = BASE) -> list[str]:
    """Answer prompts greedily in batches with an adapter, or with the base model alone."""
    tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if folder is not None:
        model = PeftModel.from_pretrained(model, folder)
    texts: list[str] = []
    for start in range(0, len(prompts), 64):
        turns = [[{"role": "user", "content": text}] for text in prompts[start : start + 64]]
        inputs = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        inputs.pop("token_type_ids", None)
        with torch_threads(1):
            written = model.generate(**inputs, max_new_tokens=64, do_sample=False)
        texts += tokenizer.batch_decode(
            written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
    return texts


def grade(text: str, expected: Mapping[str, Any]) -> float:
    """Return the share of right fields; 0 for what is no JSON object."""
    found = _parse(text)
    return sum(found.get(key, "") == value for key, value in expected.items()) / len(expected)


def is_valid(text: str) -> bool:
    """Return whether an answer is JSON that satisfies the ticket's schema."""
    return jsonschema.Draft202012Validator(task.SCHEMA).is_valid(_parse(text))


def measure(version: str, seed: int, live: int) -> Row:
    """Train one version with one seed and measure it."""
    with tempfile.TemporaryDirectory() as scratch:
        rows, folder = Path(scratch) / "rows.jsonl", Path(scratch) / version
        rows.write_text(task.as_json_lines(task.training_set(version)))
        report = train_lora(BASE, read_examples(rows), folder, seed=seed)
        cases = task.golden_set()
        golden = answers(folder, [case.messages[-1].content for case in cases])
        sent = list(islice(traffic.requests(seed), live))
        replies = answers(folder, [request.message for request in sent])
    return Row(
        version=version,
        seed=seed,
        golden=_mean(
            grade(text, case.expectation["value"]) for text, case in zip(golden, cases, strict=True)
        ),
        live=_mean(grade(t, r.ticket) for t, r in zip(replies, sent, strict=True)),
        valid=_mean(map(is_valid, replies)),
        seconds=report.seconds,
    )


def _parse(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _mean(values: Any) -> float:
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--live", type=int, default=300)
    options = parser.parse_args()
    rows = [
        measure(version, seed, options.live)
        for seed in range(1, options.seeds + 1)
        for version in task.VERSIONS
    ]
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print("version  seed  golden   live  valid  seconds")
    for row in rows:
        print(
            f"{row.version:7}  {row.seed:4}  {row.golden:6.3f}  {row.live:5.3f}"
            f"  {row.valid:5.3f}  {row.seconds:7.1f}"
        )


if __name__ == "__main__":
    main()
