"""Loads base models for training: causal language models, and encoders with a head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from monitor.adaptation.quiet import no_progress_bars
from monitor.errors import BadRequest

_LONGEST = 512  # tokens, where a model does not say


def tokenizer_of(folder: Path) -> Any:
    """Return a base model's tokenizer. Raises `BadRequest` if there is none."""
    if not (folder / "config.json").is_file():
        raise BadRequest(f"{folder}: no base model here (config.json is missing)")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise BadRequest(f"{folder}: the tokenizer cannot be loaded: {error}") from error


def causal(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """Return a causal language model. Raises `BadRequest` if it cannot be loaded."""
    return _loaded(AutoModelForCausalLM, folder, dtype)


def encoder(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """Return a model without its head, whose last hidden states are pooled."""
    model = _loaded(AutoModel, folder, dtype)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # made for another task, and unused: nothing is to train it
    return model


def limit_of(model: Any) -> int:
    """Return how many tokens a model takes."""
    return int(getattr(model.config, "max_position_embeddings", None) or _LONGEST)


def _loaded(kind: Any, folder: Path, dtype: torch.dtype) -> Any:
    try:
        with no_progress_bars():
            return kind.from_pretrained(folder, local_files_only=True, dtype=dtype)
    except (OSError, ValueError, SafetensorError) as error:
        raise BadRequest(f"{folder}: the base model cannot be loaded: {error}") from error
