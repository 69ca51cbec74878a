"""Searches a small grid of recipes by the likelihood of held-out examples."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.adaptation import facts as facts_of
from monitor.adaptation import training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Recipe
from monitor.adaptation.trainer import Progress
from monitor.adaptation.training import Made
from monitor.errors import BadRequest

_RATES = (0.5, 1.0, 2.0)  # times the recipe's own
_RANKS = (0.5, 1.0)


def recipes(recipe: Recipe) -> list[Recipe]:
    """Return the recipes that are tried: learning rates and ranks around the one given."""
    return [
        replace(recipe, learning_rate=recipe.rate * rate, rank=max(1, int(recipe.rank * rank)))
        for rank in _RANKS
        for rate in _RATES
    ]


def search(
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    base: Path,
    out: Path,
    *,
    held_out: Sequence[TrainingExample],
    base_name: str | None = None,
    noted: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    on_progress: Progress = lambda step, steps, loss: None,
) -> Made:
    """Train each recipe of the grid and keep the one with the lowest held-out loss in `out`.

    The facts of the one kept say what the others reached, under `grid`. A recipe whose training
    fails is passed over; what was trained before a kill is not trained again.

    Raises:
        BadRequest: if nothing is held out, `out` exists, or every recipe fails (the first's words).
    """
    if not held_out or not recipe.checkpoints:
        raise BadRequest("a grid is searched by held-out examples; hold some out")
    if out.exists():
        raise BadRequest(f"{out} exists already; choose another folder for the adapter")
    tried = out.parent / f".{out.name}.grid"
    made, failed = list[Made](), list[BadRequest]()
    for each in recipes(recipe):
        folder = tried / f"{each.rank}-{each.rate:g}"
        try:
            made.append(
                _known(folder, each, examples)
                or training.train(
                    each, examples, base, folder, held_out=held_out, base_name=base_name,
                    noted=noted, files=files, on_progress=on_progress,
                )
            )  # fmt: skip
        except BadRequest as error:
            failed.append(error)
    if not made:
        shutil.rmtree(tried, ignore_errors=True)
        raise failed[0]
    return _kept(made, tried, out)


def _known(folder: Path, recipe: Recipe, examples: Sequence[TrainingExample]) -> Made | None:
    """Return what an interrupted search made already, unless it was from something else."""
    if not folder.exists():
        return None
    made = training.opened(folder)
    same = made.facts["data_sha256"] == facts_of.data_hash(examples)
    if same and made.facts["recipe"] == recipe.as_dict():
        return made
    shutil.rmtree(folder)
    return None


def _kept(made: Sequence[Made], tried: Path, out: Path) -> Made:
    best = min(made, key=_loss)
    grid = [
        {
            "rank": each.facts["recipe"]["rank"],
            "learning_rate": each.facts["recipe"]["learning_rate"],
            "held_out_loss": each.held_out_loss,
        }
        for each in made
    ]
    facts = {**best.facts, "grid": grid}
    training.write_facts(best.folder, facts)
    best.folder.rename(out)
    shutil.rmtree(tried)
    return Made(folder=out, facts=facts)


def _loss(made: Made) -> float:
    assert made.held_out_loss is not None  # something is held out
    return made.held_out_loss
