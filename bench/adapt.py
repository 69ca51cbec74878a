"""Adapters of the demo's task: `python -m bench.adapt [--counts …] [--methods …] [--json]`.

Exact match on 60 golden tickets, with 95 % Wilson intervals, of what is made from 30, 100 and 300
examples, beside the base model with a bare and with a few-shot prompt, and what each costs: trained
values, seconds, peak memory, bytes, and seconds to answer one prompt with the adapter apart and
merged. Each training runs in a process of its own, so that peak memory is its own. Results are kept
under `.cache/bench/adapt`, so a run that was stopped goes on.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from scipy.stats import binomtest

from bench import output
from guards.exchange import Message
from monitor.adaptation import serving, training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Method, Recipe
from monitor.adaptation.threads import torch_threads
from monitor.demo import task
from monitor.demo.cast import MODEL

KEPT = Path(".cache/bench/adapt")
_SHOTS = 4
_TIMED = 15  # prompts


def examples(count: int) -> list[TrainingExample]:
    """Return the demo's clean training examples."""
    return [
        TrainingExample(
            messages=(Message(role="user", content=each.message),), completion=each.ticket
        )
        for each in task.good_examples(count)
    ]


def measure(method: str, count: int) -> dict[str, Any]:
    """Return the row of one method; `bare` and `few-shot` train nothing."""
    if method in ("bare", "few-shot"):
        shots = examples(_SHOTS) if method == "few-shot" else []
        tokenizer, model = serving.generator(MODEL)
        return _row(method, len(shots), _scored(tokenizer, model, shots), {}, model)
    out = KEPT / f"made-{method}-{count}"
    shutil.rmtree(out, ignore_errors=True)
    rows = examples(count)
    held = max(3, count // 10)
    recipe = Recipe(method=Method(method))
    made = training.train(recipe, rows[held:], MODEL, out, held_out=rows[:held])
    tokenizer, model = serving.generator(MODEL, out)
    row = _row(method, count, _scored(tokenizer, model, []), made.facts, model)
    shutil.rmtree(out)
    return row


def _row(
    method: str, count: int, right: Sequence[bool], facts: Mapping[str, Any], model: Any
) -> dict[str, Any]:
    within = binomtest(sum(right), len(right)).proportion_ci(0.95, method="wilson")
    apart, merged = _latency(model)
    return {
        "method": method,
        "examples": count,
        "exact": sum(right) / len(right),
        "95 %": f"{within.low:.2f}–{within.high:.2f}",
        "trained": facts.get("parameters", {}).get("trained", 0),
        "steps": facts.get("steps", 0),
        "seconds": facts.get("seconds", 0.0),
        "peak MB": round(facts.get("peak_memory_bytes", 0) / 1e6),
        "kB": round(facts.get("bytes", 0) / 1e3),
        "apart ms": apart,
        "merged ms": merged,
    }


def _scored(tokenizer: Any, model: Any, shots: Sequence[TrainingExample]) -> list[bool]:
    """Return whether each golden ticket is right in every field."""
    before = [turn for each in shots for turn in _turns(each)]
    cases = task.golden_set()
    asked = [[*before, {"role": "user", "content": case.messages[-1].content}] for case in cases]
    texts = _answers(tokenizer, model, asked)
    return [
        _ticket(text) == case.expectation["value"] for text, case in zip(texts, cases, strict=True)
    ]


def _turns(example: TrainingExample) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": example.prompt},
        {"role": "assistant", "content": example.completion},
    ]


@torch.no_grad()
def _answers(tokenizer: Any, model: Any, asked: Sequence[Any]) -> list[str]:
    tokenizer.padding_side = "left"
    inputs = tokenizer.apply_chat_template(
        asked, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
    )
    inputs.pop("token_type_ids", None)
    with torch_threads(1):
        written = model.generate(**inputs, max_new_tokens=64, do_sample=False)
    new = written[:, inputs["input_ids"].shape[1] :]
    texts: list[str] = tokenizer.batch_decode(new, skip_special_tokens=True)
    return texts


def _ticket(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _latency(model: Any) -> tuple[float, float | None]:
    """Return the median milliseconds of one forward pass of 64 tokens: adapter apart, merged."""
    apart = _timed(model)
    if not hasattr(model, "merge_and_unload"):
        return apart, None
    try:
        return apart, _timed(model.merge_and_unload())
    except (AttributeError, NotImplementedError):  # prompts and norms have no merged form
        return apart, None


@torch.no_grad()
def _timed(model: Any) -> float:
    ids = torch.arange(64).unsqueeze(0) + 10
    seconds = []
    with torch_threads(1):
        for _ in range(_TIMED):
            started = time.process_time()  # of this process: other work on the machine is left out
            model(input_ids=ids)
            seconds.append(time.process_time() - started)
    return median(seconds) * 1e3


def _kept(method: str, count: int) -> dict[str, Any]:
    file = KEPT / f"{method}-{count}.json"
    if not file.exists():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row = pool.apply(measure, (method, count))
        file.write_text(json.dumps(row))
        sys.stderr.write(f"{json.dumps(row, ensure_ascii=False)}\n")
    kept: dict[str, Any] = json.loads(file.read_text())
    return kept


def main() -> None:
    """Measure what is not kept yet, and print all."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--counts", type=int, nargs="+", default=[30, 100, 300])
    parser.add_argument("--methods", nargs="+", default=[each.value for each in Method])
    options = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    rows = [_kept("bare", 0), _kept("few-shot", 0)]
    rows += [_kept(method, count) for method in options.methods for count in options.counts]
    notes = ["milliseconds and seconds on one core; peak memory is that of the whole process"]
    output.show("The demo's task: quality and cost", rows, notes, options.json)


if __name__ == "__main__":
    main()
