"""Loading a causal language model and its tokenizer from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from monitor.engines.adapters import AdapterModel
from monitor.engines.text import TokenTexts
from monitor.errors import EngineError

_UNBOUNDED_CONTEXT = 1 << 20  # for models that declare no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model ready to serve.

    Args:
        network: the causal language model as transformers made it.
        adapters: the same model with its adapters.
        context: tokens that prompt and answer may have together.
        end_ids: tokens that end an answer.
    """

    network: Any
    adapters: AdapterModel
    tokenizer: Any
    texts: TokenTexts
    context: int
    end_ids: frozenset[int]
    device: torch.device


def load_model(folder: Path, device: str = "auto") -> LoadedModel:
    """Load the model in a folder: bfloat16 on a GPU, float32 on a CPU.

    Args:
        device: `auto` (a GPU when there is one), `cpu`, `cuda` or `cuda:N`.

    Raises:
        EngineError: the folder holds no model, or it cannot be loaded.
    """
    if not (folder / "config.json").is_file():
        raise EngineError(f"{folder} holds no model: config.json is missing")
    transformers_logging.disable_progress_bar()
    place = device_of(device)
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        network = AutoModelForCausalLM.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=dtype
        )
        network.to(place).eval().requires_grad_(False)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise EngineError(f"the model in {folder} cannot be loaded: {error}") from error
    return LoadedModel(
        network=network,
        adapters=AdapterModel(network),
        tokenizer=tokenizer,
        texts=TokenTexts(tokenizer),
        context=getattr(network.config, "max_position_embeddings", None) or _UNBOUNDED_CONTEXT,
        end_ids=_end_ids(network, tokenizer),
        device=place,
    )


def device_of(name: str) -> torch.device:
    """Return the device of a name. Raises `EngineError` for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise EngineError(f"device {name} was asked for, but torch sees no GPU; use auto or cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise EngineError(f"device {name!r} is unknown; use auto, cpu or cuda") from error


def _end_ids(network: Any, tokenizer: Any) -> frozenset[int]:
    declared = network.generation_config.eos_token_id
    ids = declared if isinstance(declared, list) else [declared]
    return frozenset(i for i in [*ids, tokenizer.eos_token_id] if i is not None)
