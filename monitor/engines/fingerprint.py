"""Which base model this is, and the shapes that the network which runs it really has."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from monitor.engines.base_files import BaseFacts, fingerprint
from monitor.errors import EngineError


def base_facts(model_dir: Path) -> BaseFacts:
    """Read a base model's identity. Raises `EngineError` if the folder holds no model."""
    return BaseFacts(fingerprint=fingerprint(model_dir), linear=_linear_shapes(model_dir))


def _linear_shapes(model_dir: Path) -> dict[str, tuple[int, int]]:
    """Return shapes from an empty copy of the model: nothing is read but its configuration."""
    try:
        config = AutoConfig.from_pretrained(str(model_dir), local_files_only=True)
        with torch.device("meta"):
            network = AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(f"{model_dir}/config.json cannot be used: {error}") from error
    shapes: dict[str, tuple[int, int]] = {}
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Linear):
            shapes[name] = (module.out_features, module.in_features)
        elif isinstance(module, Conv1D):  # GPT-2 keeps its weights transposed
            shapes[name] = (module.nf, module.nx)
    return shapes
