"""Tests of training LoRA adapters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from safetensors.torch import load_file

from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.lora import train_lora
from monitor.errors import BadRequest

pytestmark = pytest.mark.slow


def test_an_adapter_is_saved_in_pefts_form(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """Tensors are safetensors, and the base model is named without a path."""
    train_lora(base, examples, tmp_path / "v1", rank=2, steps=2)
    assert {file.name for file in (tmp_path / "v1").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "training.json",
    }
    config = json.loads((tmp_path / "v1" / "adapter_config.json").read_text())
    assert (config["peft_type"], config["r"]) == ("LORA", 2)
    assert config["base_model_name_or_path"] == "tiny"


def test_nothing_is_printed(
    base: Path,
    examples: Sequence[TrainingExample],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Progress goes to the callback only."""
    train_lora(base, examples, tmp_path / "v1", rank=2, steps=2)
    assert capfd.readouterr() == ("", "")


def test_training_changes_the_adapter_and_reports_it(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """Each step is told, the loss falls, and the tensors are no longer zero."""
    told: list[tuple[int, int, float]] = []
    report = train_lora(
        base, examples, tmp_path / "v1", rank=4, steps=20, lr=2e-2, batch=5,
        on_progress=lambda step, steps, loss: told.append((step, steps, loss)),
    )  # fmt: skip
    assert [step for step, _, _ in told] == list(range(1, 21))
    assert {steps for _, steps, _ in told} == {report.steps} == {20}
    assert report.final_loss == told[-1][2] < told[0][2]
    tensors = load_file(tmp_path / "v1" / "adapter_model.safetensors")
    assert all(tensor.abs().max() > 0 for tensor in tensors.values())


def test_the_seed_decides_the_bytes(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """The same arguments give the same adapter; another seed gives another."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_lora(base, examples, tmp_path / name, rank=2, steps=2, seed=seed)
    first, again, other = (
        (tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc"
    )
    assert first == again != other


@pytest.mark.parametrize("count", [0, 4])
def test_too_few_examples_are_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path, count: int
) -> None:
    """Fewer than five examples train nothing, and nothing is written."""
    with pytest.raises(BadRequest, match=f"{count} training examples are too few"):
        train_lora(base, examples[:count], tmp_path / "v1")
    assert not (tmp_path / "v1").exists()


def test_a_loss_that_is_no_number_is_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """A learning rate out of bounds ends in a sentence, and nothing is written."""
    with pytest.raises(BadRequest, match=r"the loss became .* lower the learning rate"):
        train_lora(base, examples, tmp_path / "v1", lr=1e30)
    assert not (tmp_path / "v1").exists()


def test_a_folder_without_a_model_is_refused(
    examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """The message names the folder."""
    with pytest.raises(BadRequest, match="no base model here"):
        train_lora(tmp_path, examples, tmp_path / "v1")


def test_a_folder_that_exists_is_not_overwritten(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """An adapter that is there already stays as it is."""
    with pytest.raises(BadRequest, match="exists already"):
        train_lora(base, examples, tmp_path)


def test_a_truncated_base_model_is_refused(
    base: Path, examples: Sequence[TrainingExample], tmp_path: Path
) -> None:
    """A base model whose tensors are cut ends in a sentence that names its folder."""
    broken = shutil.copytree(base, tmp_path / "broken")
    tensors = broken / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:1_000])
    with pytest.raises(BadRequest, match="broken: the base model cannot be loaded"):
        train_lora(broken, examples, tmp_path / "v1")
