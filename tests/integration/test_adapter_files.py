"""Adapters that PEFT saved, taken in and loaded by PEFT again."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from monitor.errors import BadAdapter
from monitor.storage.adapter_source import directory
from monitor.storage.artifacts import ArtifactFolder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_IDS = torch.arange(10)[None]


def _model(hidden: int = 32) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=64,
    )
    return LlamaForCausalLM(config).eval()


def _saved(folder: Path, hidden: int = 32, **config: Any) -> torch.Tensor:
    """Save an adapter with random weights; return what the model answers with it."""
    model = get_peft_model(_model(hidden), LoraConfig(r=4, lora_alpha=8, **config)).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(0, 0.3)
        answer: torch.Tensor = model(_IDS).logits
    model.save_pretrained(folder)
    return answer


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactFolder:
    """Return a store for adapters of the small model."""
    linear = {
        name: (module.out_features, module.in_features)
        for name, module in _model().named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    return ArtifactFolder(tmp_path / "store", SimpleNamespace(fingerprint="f" * 64, linear=linear))


def _take_in(artifacts: ArtifactFolder, source: Path) -> Path:
    version = artifacts.take_in(
        "support", directory(source), label="", parent=None, facts={}, at=datetime.now(UTC)
    )
    return artifacts.folder(version.name)


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["q_proj", "v_proj"]},
        {"target_modules": "all-linear", "use_rslora": True},
        {"target_modules": ["q_proj"], "use_dora": True},
        {"target_modules": ["q_proj", "down_proj"], "rank_pattern": {"down_proj": 2}},
        {"target_modules": ["k_proj"], "layers_to_transform": [1], "alpha_pattern": {"k_proj": 3}},
    ],
)
def test_a_stored_adapter_answers_as_the_saved_one(
    artifacts: ArtifactFolder, tmp_path: Path, config: dict[str, Any]
) -> None:
    """What is left out of the stored configuration changes no answer."""
    expected = _saved(tmp_path / "saved", **config)
    loaded = PeftModel.from_pretrained(_model(), _take_in(artifacts, tmp_path / "saved")).eval()
    with torch.no_grad():
        assert torch.equal(loaded(_IDS).logits, expected)


def test_an_adapter_that_peft_saved_for_another_model_is_refused(
    artifacts: ArtifactFolder, tmp_path: Path
) -> None:
    """The shapes give it away."""
    _saved(tmp_path / "saved", hidden=64, target_modules=["q_proj"])
    with pytest.raises(BadAdapter, match="this adapter is for another base model"):
        _take_in(artifacts, tmp_path / "saved")
