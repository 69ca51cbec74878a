"""What the Trainer is given: a model with its adapter, encoded examples, and how it is saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from monitor.adaptation import base as bases
from monitor.adaptation import classifier, encoding, methods, screening
from monitor.adaptation.classifier import TextClassifier
from monitor.adaptation.encoding import Rows
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Method, Recipe, Task
from monitor.errors import BadRequest

LABELS = "labels.json"
WHOLE = "model.safetensors"
LONGEST_TEXT = 128  # tokens of a text that is classified
_AT_ONCE = 32  # texts in a batch while the head is set


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A model and its examples.

    Args:
        labels: of a classifier, in the order of its head.
    """

    model: Any
    tokenizer: Any
    rows: Rows
    held_out: Rows | None
    collate: Callable[[Sequence[Any]], Any]
    labels: tuple[str, ...] = ()

    def save(self, folder: Path, base_name: str) -> None:
        """Save what was trained (safetensors) under a folder."""
        folder.mkdir(parents=True)
        if hasattr(self.model, "peft_config"):
            self.model.peft_config["default"].base_model_name_or_path = base_name
            # `auto` would ask a model hub about the base model's embeddings.
            self.model.save_pretrained(folder, save_embedding_layers=False)
            (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        elif self.labels:
            save_file(self.model.state_dict(), folder / WHOLE)
        else:
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
        if self.labels:
            (folder / LABELS).write_text(json.dumps(self.labels, ensure_ascii=False))


def build(
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    held_out: Sequence[TrainingExample],
    base: Path,
    dtype: torch.dtype,
) -> Learner:
    """Load the base model and put the recipe's adapter on it. Raises `BadRequest`."""
    tokenizer = bases.tokenizer_of(base)
    kind = _classifier if recipe.task is Task.CLASSIFICATION else _generator
    return kind(recipe, examples, held_out, base, tokenizer, dtype)


def _generator(
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    held_out: Sequence[TrainingExample],
    base: Path,
    tokenizer: Any,
    dtype: torch.dtype,
) -> Learner:
    model = bases.causal(base, dtype)
    limit = bases.limit_of(model)
    if recipe.method is Method.PROMPT:
        limit -= recipe.rank
    rows, chosen = (
        Rows([encoding.encode(e, tokenizer, limit) for e in part]) for part in (examples, held_out)
    )
    return Learner(
        model=methods.adapted(model, recipe),
        tokenizer=tokenizer,
        rows=rows,
        held_out=chosen if held_out else None,
        collate=partial(encoding.collate, pad=_pad(tokenizer)),
    )


def _classifier(
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    held_out: Sequence[TrainingExample],
    base: Path,
    tokenizer: Any,
    dtype: torch.dtype,
) -> Learner:
    labels = screening.require_labels(examples)
    strange = sorted({example.completion for example in held_out} - set(labels))
    if strange:
        raise BadRequest(f"no training example has the label {strange[0]!r} of a held-out one")
    model = TextClassifier(bases.encoder(base, dtype), len(labels), recipe.label_smoothing)
    limit = min(LONGEST_TEXT, bases.limit_of(model.encoder))
    rows, chosen = (
        encoding.label(part, labels, tokenizer, limit) if part else []
        for part in (examples, held_out)
    )
    collate = partial(encoding.collate_labelled, pad=_pad(tokenizer))
    ordered = sorted(rows, key=lambda row: len(row.ids))
    starts = range(0, len(ordered), _AT_ONCE)
    batches = [collate(ordered[start : start + _AT_ONCE]) for start in starts]
    model.start_from(*classifier.embedded(model, batches))
    return Learner(
        model=methods.adapted(model, recipe),
        tokenizer=tokenizer,
        rows=Rows(rows),
        held_out=Rows(chosen) if held_out else None,
        collate=collate,
        labels=tuple(labels),
    )


def _pad(tokenizer: Any) -> int:
    found = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if found is None else found)
