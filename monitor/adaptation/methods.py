"""PEFT's configuration of each method, and the model that it trains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from peft import (
    IA3Config,
    LNTuningConfig,
    LoraConfig,
    PromptTuningConfig,
    ShiraConfig,
    get_peft_model,
)
from torch import nn

from monitor.adaptation.quiet import no_layer_warnings
from monitor.adaptation.recipe import Method, Recipe, Task
from monitor.errors import BadRequest

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
_HEAD = "head"


def adapted(model: Any, recipe: Recipe) -> Any:
    """Return the model with what the recipe trains; all else is frozen.

    Raises:
        BadRequest: if the method does not suit the task, or no module has a target's name.
    """
    if recipe.method is Method.FULL:
        return model
    with no_layer_warnings():
        return get_peft_model(model, _configuration(model, recipe))


def _configuration(model: Any, recipe: Recipe) -> Any:
    classifies = recipe.task is Task.CLASSIFICATION
    if recipe.method is Method.PROMPT:
        if classifies:
            raise BadRequest("prompt tuning is for generation; classify with lora, ia3 or partial")
        return PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=recipe.rank)
    common = {
        "task_type": None if classifies else "CAUSAL_LM",
        "modules_to_save": [_HEAD] if classifies else None,
        "target_modules": _targets(model, recipe),
    }
    if recipe.method is Method.IA3:
        return IA3Config(feedforward_modules=[], **common)
    if recipe.method is Method.LAYERNORM:
        return LNTuningConfig(**common)
    if recipe.method is Method.PARTIAL:
        return ShiraConfig(r=recipe.rank, random_seed=recipe.seed, **common)
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        lora_dropout=recipe.dropout,
        use_rslora=recipe.method is Method.RSLORA,
        use_dora=recipe.method is Method.DORA,
        **common,
    )


def _targets(model: Any, recipe: Recipe) -> Any:
    norms = recipe.method is Method.LAYERNORM
    plain = not recipe.targets and recipe.top_layers is None and recipe.task is Task.GENERATION
    if plain and not norms:
        return "all-linear"
    names = [name for name, module in model.named_modules() if _suits(name, module, norms)]
    if recipe.targets:
        names = [n for n in names if f".{n}".endswith(tuple(f".{t}" for t in recipe.targets))]
    if recipe.top_layers is not None:
        names = _last_layers(names, recipe.top_layers)
    if not names:
        wanted = ", ".join(recipe.targets) or "normalisation or linear"
        raise BadRequest(f"the base model has no module {wanted} to adapt; name others")
    return names


def _suits(name: str, module: nn.Module, norms: bool) -> bool:
    if norms:
        return "Norm" in type(module).__name__
    return isinstance(module, nn.Linear) and name not in (_HEAD, "lm_head")


def _last_layers(names: Sequence[str], count: int) -> list[str]:
    numbered = [(int(found[1]), name) for name in names if (found := _LAYER.search(name))]
    last = max((number for number, _ in numbered), default=-1)
    return [name for number, name in numbered if number > last - count]
