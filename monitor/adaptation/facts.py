"""Facts of a training, for the version's manifest: data, curve, cost and environment."""

from __future__ import annotations

import hashlib
import json
import platform
import resource
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from monitor.adaptation.examples import TrainingExample

_PACKAGES = ("torch", "transformers", "peft", "accelerate", "safetensors")


def data_hash(examples: Iterable[TrainingExample]) -> str:
    """Return the SHA-256 (hexadecimal) of examples in their order, however they were written."""
    digest = hashlib.sha256()
    for example in examples:
        turns = [[message.role, message.content] for message in example.messages]
        digest.update(json.dumps([turns, example.completion]).encode() + b"\n")
    return digest.hexdigest()


def file_hash(file: Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def environment(device: str) -> Mapping[str, str]:
    """Return what the training ran on: versions and device."""
    card = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    versions = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **versions, "device": f"{device} ({card})"}


def curve(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, float]]:
    """Return loss (nats) by step, and the held-out loss where it was looked at."""
    points: dict[int, dict[str, float]] = {}
    for entry in history:
        kept = {"loss": entry.get("loss"), "held_out_loss": entry.get("eval_loss")}
        said = {name: float(value) for name, value in kept.items() if value is not None}
        if said:
            points.setdefault(int(entry["step"]), {}).update(said)
    return [{"step": step, **said} for step, said in sorted(points.items())]


def peak_memory(device: str) -> int:
    """Return the most bytes held: of the card, or of the whole process on a CPU so far."""
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def size_of(folder: Path) -> int:
    """Return the bytes of a folder's tensors."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def parameters(model: Any) -> Mapping[str, int]:
    """Return how many values are trained, and how many the model has with them."""
    counts = [(value.numel(), value.requires_grad) for value in model.parameters()]
    return {
        "trained": sum(count for count, trained in counts if trained),
        "all": sum(count for count, _ in counts),
    }
