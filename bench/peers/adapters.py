"""Adapters that exist as files only: the upstream here never reads them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

_MODULE = "base_model.model.model.layers.0.self_attn.q_proj"
_RANK, _WIDTH = 2, 8


def make(folder: Path, seed: int) -> Path:
    """Write a LoRA adapter with random weights in PEFT's form, and return its folder."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    tensors = {
        f"{_MODULE}.lora_A.weight": draw.normal(size=(_RANK, _WIDTH)).astype(np.float32),
        f"{_MODULE}.lora_B.weight": draw.normal(size=(_WIDTH, _RANK)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "base",
        "r": _RANK,
        "lora_alpha": 2 * _RANK,
        "target_modules": ["q_proj"],
        "lora_dropout": 0.0,
        "bias": "none",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
