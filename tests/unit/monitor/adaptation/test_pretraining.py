"""Tests of making a base model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.pretraining import Recipe, pretrain


def test_tensors_are_small_and_a_plain_load_computes_in_full_precision(base: Path) -> None:
    """Files hold float16; the configuration asks for float32."""
    stored = load_file(base / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert AutoModelForCausalLM.from_pretrained(base).dtype is torch.float32


def test_the_folder_is_complete_and_names_no_machine(base: Path) -> None:
    """An engine finds all it needs, and no file holds an absolute path."""
    names = {file.name for file in base.iterdir()}
    assert names >= {"config.json", "generation_config.json", "model.safetensors"}
    assert names >= {"tokenizer.json", "tokenizer_config.json"}
    texts = [file.read_text() for file in base.glob("*.json")]
    assert not any(str(base.parent) in text for text in texts)
    assert json.loads((base / "generation_config.json").read_text())["eos_token_id"] == 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(
    base: Path, recipe: Recipe, examples: list[TrainingExample], tmp_path: Path
) -> None:
    """Training again gives the same bytes; another seed gives others."""
    pretrain(examples, tmp_path / "again", recipe)
    pretrain(examples, tmp_path / "other", replace(recipe, seed=2))
    first, again, other = (
        (folder / "model.safetensors").read_bytes()
        for folder in (base, tmp_path / "again", tmp_path / "other")
    )
    assert first == again != other


@pytest.mark.slow
def test_the_loss_falls(recipe: Recipe, examples: list[TrainingExample], tmp_path: Path) -> None:
    """Sixty steps on ten short examples learn most of them."""
    losses: list[float] = []
    longer = replace(recipe, steps=60, learning_rate=1e-2)
    pretrain(examples, tmp_path / "model", longer, lambda step, loss: losses.append(loss))
    assert len(losses) == 60
    assert losses[-1] < losses[0] / 2
