"""Small data: `python -m bench.smalldata [--counts 10 30 all] [--seeds 3] [--methods …] [--json]`.

Accuracy on banking77's test set of a classifier made from 10, 30 or all examples an intent: LoRA on
MiniLM, all of MiniLM fine-tuned, and a logistic regression on the frozen encoder. Each result is
kept under `.cache/bench/smalldata`, so a run that was stopped goes on. With `--validate` the
accuracy is that on training examples that were not drawn: recipes are chosen by it, never by the
test set.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from sklearn.linear_model import LogisticRegression

from bench import output
from bench.detection import data
from guards.exchange import Message
from monitor.adaptation import base as bases
from monitor.adaptation import serving, training
from monitor.adaptation.classifier import TextClassifier
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Method, Recipe, Task
from monitor.adaptation.threads import torch_threads
from monitor.engines.embedders import minilm

KEPT = Path(".cache/bench/smalldata")
BARS = {"10": 0.87, "30": 0.91, "all": 0.935}
EPOCHS = {"10": 10, "30": 6, "all": 3}
LORA = Recipe(
    task=Task.CLASSIFICATION,
    rank=16,
    learning_rate=2e-3,
    batch=16,
    label_smoothing=0.1,
    held_out=0.0,
    checkpoints=4,
    warmup_steps=20,
)
FULL = replace(LORA, method=Method.FULL, learning_rate=2e-4)
_LIMIT = 1_000  # examples of validation

Rows = Sequence[tuple[str, str]]


def read(part: str) -> Rows:
    """Return (text, intent) of `train` or `test`."""
    text = gzip.decompress(data.need("banking77", f"{part}.csv.gz").read_bytes()).decode()
    return [(row["text"], row["category"]) for row in csv.DictReader(io.StringIO(text))]


def drawn(rows: Rows, count: str, seed: int) -> tuple[Rows, Rows]:
    """Return `count` examples of each intent, and the others; with `all`, a tenth is the others."""
    by_intent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        by_intent[row[1]].append(row)
    rng, taken, left = Random(seed), list[tuple[str, str]](), list[tuple[str, str]]()
    for _, own in sorted(by_intent.items()):
        rng.shuffle(own)
        size = len(own) if count == "all" else int(count)
        taken += own[:size]
        left += own[size:]
    rng.shuffle(left)
    return taken, left[:_LIMIT]


def measure(method: str, count: str, seed: int, validate: bool, recipe: Recipe) -> dict[str, Any]:
    """Train and test one classifier; return its row."""
    train, left = drawn(read("train"), count, seed)
    test = left if validate else read("test")
    started = time.monotonic()
    if method == "frozen":
        right, trained = _frozen(train, test), 77 * 385
    else:
        right, trained = _made(method, count, seed, recipe, train, test)
    return {
        "examples an intent": count,
        "method": method,
        "seed": seed,
        "accuracy": right,
        "bar": BARS[count] if method == "lora" else None,
        "trained": trained,
        "seconds": round(time.monotonic() - started),
    }


def _made(
    method: str, count: str, seed: int, recipe: Recipe, train: Rows, test: Rows
) -> tuple[float, int]:
    out = KEPT / f"made-{method}-{count}-{seed}"
    shutil.rmtree(out, ignore_errors=True)
    examples = [
        TrainingExample(messages=(Message(role="prompt", content=text),), completion=intent)
        for text, intent in train
    ]
    made = training.train(
        replace(recipe, seed=seed), examples, minilm.folder(), out, on_progress=_told
    )
    classifier = serving.Classifier(minilm.folder(), out)
    with torch_threads(recipe.threads):
        found = classifier.classify([text for text, _ in test])
    shutil.rmtree(out)
    right = sum(label == intent for label, (_, intent) in zip(found, test, strict=True))
    return right / len(test), made.facts["parameters"]["trained"]


def _told(step: int, steps: int, loss: float) -> None:
    if step % 20 == 0:
        sys.stderr.write(f"  step {step} of {steps}: loss {loss:.3f}\n")


def _frozen(train: Rows, test: Rows) -> float:
    model = LogisticRegression(C=30.0, max_iter=1_000)
    model.fit(_embedded([text for text, _ in train]), [intent for _, intent in train])
    score = model.score(_embedded([text for text, _ in test]), [intent for _, intent in test])
    return float(score)


@torch.no_grad()
def _embedded(texts: Sequence[str]) -> Any:
    tokenizer = bases.tokenizer_of(minilm.folder())
    model = TextClassifier(bases.encoder(minilm.folder()), 2).eval()
    vectors = torch.zeros(len(texts), model.head.in_features)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for start in range(0, len(order), 64):
        places = order[start : start + 64]
        inputs = tokenizer([texts[p] for p in places], padding=True, return_tensors="pt")
        vectors[places] = model.embed(inputs["input_ids"], inputs["attention_mask"])
    return vectors.numpy()


def main() -> None:
    """Measure what is not kept yet, and print all."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--counts", nargs="+", default=list(BARS))
    parser.add_argument("--methods", nargs="+", default=["frozen", "lora", "full"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], help="fields of the recipe, name=JSON")
    options = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    changed = {name: json.loads(v) for name, _, v in (item.partition("=") for item in options.set)}
    rows = []
    for count in options.counts:
        for seed in options.seeds:
            for method in options.methods:
                recipe = replace(FULL if method == "full" else LORA, epochs=EPOCHS[count])
                recipe = replace(recipe, **changed)
                rows.append(_kept(method, count, seed, options.validate, recipe))
    on = "validation examples" if options.validate else "the test set"
    output.show(f"banking77: accuracy on {on}", rows, [], options.json)


def _kept(method: str, count: str, seed: int, validate: bool, recipe: Recipe) -> dict[str, Any]:
    told = {} if method == "frozen" else dict(recipe.as_dict())
    key = json.dumps([method, count, seed, validate, told])
    file = KEPT / "results.jsonl"
    known = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for entry in known:
        if entry["key"] == key:
            return dict(entry["row"])
    row = measure(method, count, seed, validate, recipe)
    sys.stderr.write(f"{json.dumps(row)}\n")
    with file.open("a") as kept:
        kept.write(json.dumps({"key": key, "row": row}) + "\n")
    return row


if __name__ == "__main__":
    main()
