"""Which base model this is: a fingerprint of its files, and the shapes adapters must fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from monitor.errors import EngineError

# What changes answers. Read-me files, licences and training leftovers do not.
_BEHAVIOUR = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """A base model's identity.

    Args:
        fingerprint: SHA-256 (hexadecimal) over the names and contents of the files that change
            answers.
        linear: name of each linear module → (output, input) features.
    """

    fingerprint: str
    linear: Mapping[str, tuple[int, int]]


def base_facts(model_dir: Path) -> BaseFacts:
    """Read a base model's identity. Raises `EngineError` if the folder holds no model."""
    files = sorted({f for pattern in _BEHAVIOUR for f in model_dir.glob(pattern) if f.is_file()})
    if not any(file.suffix == ".safetensors" for file in files):
        raise EngineError(f"{model_dir} holds no model: there is no .safetensors file")
    return BaseFacts(fingerprint=_fingerprint(files), linear=_linear_shapes(model_dir))


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            line = f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n"
        digest.update(line.encode())
    return digest.hexdigest()


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
