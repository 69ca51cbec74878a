"""Makes an adapter from a file's examples: screens, divides, trains, keeps golden cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guards import golden
from monitor.adaptation import facts, grid, screening, splitting, training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Recipe, Task
from monitor.adaptation.splitting import Split
from monitor.adaptation.trainer import Progress
from monitor.adaptation.training import Made

GOLDEN = "golden.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be made.

    Args:
        base: the base model's folder.
        out: a folder that is not there yet.
        keep: share of the examples that becomes golden cases.
        golden: prompts of a golden set that is there already: none may be trained on.
        search: whether a grid around the recipe is searched.
    """

    recipe: Recipe
    base: Path
    out: Path
    keep: float = 0.2
    golden: Sequence[str] = ()
    search: bool = False


def make(
    order: Order,
    examples: Sequence[TrainingExample],
    on_progress: Progress = lambda step, steps, loss: None,
) -> Made:
    """Make an adapter; its folder holds `training.json` and the kept cases, `golden.jsonl`.

    Raises `BadRequest` with one sentence for whatever nothing good can be made from.
    """
    screening.require_enough(examples)
    screening.require_apart(examples, order.golden)
    split = splitting.divide(
        examples, golden=order.keep, held_out=order.recipe.held_out, seed=order.recipe.seed
    )
    kept = splitting.cases(split.golden, order.recipe.seed)
    make_one = grid.search if order.search else training.train
    return make_one(
        order.recipe,
        split.training,
        order.base,
        order.out,
        held_out=_choosing(order.recipe, split),
        noted=_noted(examples, split),
        files={GOLDEN: golden.to_lines(kept)} if kept else {},
        on_progress=on_progress,
    )


def _choosing(recipe: Recipe, split: Split) -> Sequence[TrainingExample]:
    """Return what chooses the checkpoint; a classifier knows the labels it was shown alone."""
    if recipe.task is Task.GENERATION:
        return split.held_out
    known = {example.completion for example in split.training}
    return [example for example in split.held_out if example.completion in known]


def _noted(examples: Sequence[TrainingExample], split: Split) -> Mapping[str, Any]:
    return {
        "file_sha256": facts.data_hash(examples),
        "file_examples": len(examples),
        "doubles_left_out": split.doubles,
        "golden_cases": len(split.golden),
    }
