"""Tests of making adapters by a recipe."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from monitor.adaptation import grid, serving, training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import SERVED, Method, Recipe, Task
from monitor.adaptation.trainer import Progress
from monitor.adaptation.training import Made
from monitor.engines import base_files
from monitor.engines.adapters import AdapterModel
from monitor.errors import BadRequest
from monitor.storage.adapter_source import directory
from monitor.storage.artifacts import ArtifactFolder
from tests.unit.monitor.adaptation.conftest import example

pytestmark = pytest.mark.slow

SHORT = Recipe(rank=2, steps=4, batch=5, checkpoints=2, kl=0.0)
WEIGHTS = "adapter_model.safetensors"


def _logits(model: object) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=torch.tensor([[5, 6, 7]])).logits  # type: ignore[operator]
    return found[:, -3:]


@pytest.mark.parametrize("method", list(Method))
def test_each_method_trains_and_loads_back(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path, method: Method
) -> None:
    """What was saved changes the base model's predictions, and its facts say what it cost."""
    recipe = Recipe(method=method, rank=2, steps=3, batch=5, checkpoints=1, learning_rate=5e-2)
    made = training.train(recipe, examples, base, tmp_path / "v1")
    _, before = serving.generator(base)
    _, after = serving.generator(base, made.folder)
    assert not torch.allclose(_logits(before), _logits(after))
    parameters = made.facts["parameters"]
    assert 0 < parameters["trained"] <= parameters["all"]
    assert (parameters["trained"] == parameters["all"]) is (method is Method.FULL)
    assert made.facts["recipe"]["method"] == method.value
    assert made.facts["bytes"] > 0
    assert len(made.facts["curve"]) == 3


@pytest.mark.parametrize("method", sorted(SERVED, key=lambda method: method.value))
def test_what_is_served_passes_the_registry_and_the_engine(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path, method: Method
) -> None:
    """The registry's checks take the folder in, and the engine's model loads and runs it."""
    recipe = Recipe(method=method, rank=2, steps=3, batch=5, checkpoints=0, learning_rate=5e-2)
    made = training.train(recipe, examples, base, tmp_path / "v1")
    registry = ArtifactFolder(tmp_path / "adapters", base_files.read_base(base))
    version = registry.take_in(
        "support",
        directory(made.folder),
        label="v1",
        parent=None,
        facts={"training": dict(made.facts)},
        at=datetime.now(UTC),
    )
    assert version.facts["training"]["data_sha256"] == made.facts["data_sha256"]
    model = AdapterModel(serving.generator(base)[1])
    model.load("v1", registry.folder(version.name))
    _, opened = serving.generator(base, made.folder)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.allclose(
            model.forward(["v1"], input_ids=ids).logits, _logits(opened), atol=1e-5
        )


RESUMED = Recipe(rank=2, steps=8, batch=4, checkpoints=4, dropout=0.1)


def test_a_killed_training_ends_with_the_same_bytes(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """Killed at step 5 of 8, it goes on from the checkpoint of step 4; no folder stood there."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    seen: list[int] = []

    def die(step: int, steps: int, loss: float) -> None:
        if step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    def make(out: Path, on_progress: Progress) -> Made:
        held_out = examples[8:]
        return training.train(
            RESUMED, examples[:8], base, out, held_out=held_out, on_progress=on_progress
        )

    child = multiprocessing.get_context("fork").Process(target=make, args=(broken, die))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not broken.exists()
    second = make(broken, lambda step, steps, loss: seen.append(step))
    first = make(whole, lambda step, steps, loss: None)
    assert seen == [5, 6, 7, 8]
    assert (broken / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert second.facts["resumed_from_step"] == 4
    assert second.facts["curve"] == first.facts["curve"]
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "broken"}


def test_held_out_examples_choose_the_step(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """A training that only makes things worse keeps its first checkpoint and ends early."""
    other = [example("say xx", "ab cd ef")]
    recipe = Recipe(rank=2, steps=40, batch=5, checkpoints=20, learning_rate=0.3, patience=2, kl=0)
    made = training.train(recipe, examples, base, tmp_path / "v1", held_out=other)
    losses = {p["step"]: p["held_out_loss"] for p in made.facts["curve"] if "held_out_loss" in p}
    assert made.facts["best_step"] == min(losses, key=lambda step: losses[step])
    assert made.facts["steps"] < 40
    assert made.held_out_loss == min(losses.values())


def test_the_penalty_keeps_predictions_of_prompts(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """With a heavy penalty the prompts' predictions move less than without one."""
    moved = []
    _, before = serving.generator(base)
    for name, kl in (("free", 0.0), ("held", 20.0)):
        recipe = Recipe(rank=2, steps=20, batch=5, checkpoints=0, learning_rate=2e-2, kl=kl)
        made = training.train(recipe, examples, base, tmp_path / name)
        tokenizer, after = serving.generator(base, made.folder)
        ids = torch.tensor([tokenizer.encode("<|user|>say ab<|end|>")])
        with torch.no_grad():
            one, other = (m(input_ids=ids).logits.log_softmax(-1) for m in (before, after))
        moved.append((one.exp() * (one - other)).sum(-1).mean().item())
    assert moved[1] < 0.5 * moved[0]


def test_a_classifier_learns_labels(base: Path, tmp_path: Path) -> None:
    """Texts are told apart after training, with LoRA and with every weight."""
    texts = {"left": ("ab cd", "cd ab ab", "ab ab"), "right": ("mn op", "op mn mn", "mn mn")}
    rows = [example(text, label) for label, own in texts.items() for text in own]
    for method in (Method.LORA, Method.FULL):
        recipe = Recipe(
            method=method, task=Task.CLASSIFICATION, rank=2, steps=10, batch=6, checkpoints=0
        )
        made = training.train(recipe, rows, base, tmp_path / method.value)
        classifier = serving.Classifier(base, made.folder)
        assert classifier.classify(["cd ab", "mn op mn"]) == ["left", "right"]


def test_a_grid_keeps_the_best_recipe(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """Six recipes are tried, the facts say what each reached, and nothing else is left behind."""
    made = grid.search(SHORT, examples[:8], base, tmp_path / "v1", held_out=examples[8:])
    tried = made.facts["grid"]
    assert len(tried) == 6
    assert made.held_out_loss == min(each["held_out_loss"] for each in tried)
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_prompt_tuning_of_a_classifier_is_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """The message names what to take instead."""
    recipe = Recipe(method=Method.PROMPT, task=Task.CLASSIFICATION)
    with pytest.raises(BadRequest, match="prompt tuning is for generation"):
        training.train(recipe, examples, base, tmp_path / "v1")


def test_a_target_that_is_not_there_is_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """The message names the module."""
    with pytest.raises(BadRequest, match="no module nowhere"):
        training.train(Recipe(targets=("nowhere",)), examples, base, tmp_path / "v1")


def test_a_card_that_is_not_there_is_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """Asking for CUDA without a card ends in a sentence."""
    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    with pytest.raises(BadRequest, match="no CUDA device here"):
        training.train(Recipe(device="cuda"), examples, base, tmp_path / "v1")


def test_memory_that_runs_out_is_one_sentence(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """A layer that no memory holds ends in a sentence, and nothing is written."""
    with pytest.raises(BadRequest, match="memory ran out with batches of 8"):
        training.train(Recipe(rank=10**12), examples, base, tmp_path / "v1")
    assert not (tmp_path / "v1").exists()
