"""Which base model this is, without running it: from its files, or from what a server tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import EngineError
from rollback.canonical import canonical

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
_INDEX = "model.safetensors.index.json"
_WEIGHT = ".weight"
_EMBEDDINGS = ("embed", "wte", "wpe", "shared")
_OUTPUT = "lm_head"

# Their files name or shape linear layers otherwise than the network that runs them does.
_REWRITTEN = ("quantization_config", "vision_config", "audio_config", "text_config")
_TRANSPOSED = ("gpt2",)  # Conv1D keeps (input, output)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """A base model's identity.

    Args:
        fingerprint: SHA-256 (hexadecimal) over the names and contents of the files that change
            answers, or over what a server tells of a model whose files are not here.
        linear: name of each linear module → (output, input) features; `None` where they are not
            known.
    """

    fingerprint: str
    linear: Mapping[str, tuple[int, int]] | None


def read_base(folder: Path) -> BaseFacts:
    """Read a base model's identity from its files, shapes from the heads of its safetensors.

    Raises `EngineError` if the folder holds no model.
    """
    return BaseFacts(fingerprint=fingerprint(folder), linear=_linear(folder))


def told_base(told: Mapping[str, Any]) -> BaseFacts:
    """Return the identity of a base model of which only a server's word is known.

    >>> told_base({"model": "llama"}).linear is None
    True
    """
    return BaseFacts(fingerprint=hashlib.sha256(canonical(told)).hexdigest(), linear=None)


def fingerprint(folder: Path) -> str:
    """Hash the files that change answers. Raises `EngineError` if the folder holds no model."""
    files = sorted({f for pattern in _BEHAVIOUR for f in folder.glob(pattern) if f.is_file()})
    if not any(file.suffix == ".safetensors" for file in files):
        raise EngineError(f"{folder} holds no model: there is no .safetensors file")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            line = f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n"
        digest.update(line.encode())
    return digest.hexdigest()


def _linear(folder: Path) -> Mapping[str, tuple[int, int]] | None:
    config = _json(folder / "config.json")
    if any(config.get(key) for key in _REWRITTEN):
        return None
    shapes = dict(_weights(folder))
    transposed = config.get("model_type") in _TRANSPOSED
    linear = {
        _module(name, transposed): (shape[1], shape[0]) if _is_conv(name, transposed) else shape
        for name, shape in shapes.items()
        if not _is_embedding(name)
    }
    tied = [shape for name, shape in shapes.items() if _is_input(name)]
    if config.get("tie_word_embeddings") and tied:
        linear.setdefault(_OUTPUT, tied[0])
    return linear


def _weights(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each matrix named `….weight` with its shape as it is stored."""
    for file in _weight_files(folder):
        for name, entry in _head(file).items():
            shape: Sequence[int] = entry.get("shape", ()) if name.endswith(_WEIGHT) else ()
            if len(shape) == 2:
                yield name.removesuffix(_WEIGHT), (int(shape[0]), int(shape[1]))


def _weight_files(folder: Path) -> Sequence[Path]:
    index = folder / _INDEX
    if index.is_file():
        return [folder / name for name in sorted(set(_json(index).get("weight_map", {}).values()))]
    return sorted(folder.glob("*.safetensors"))


def _head(file: Path) -> Mapping[str, Any]:
    """Read the head of a safetensors file: its length in 8 bytes, then JSON."""
    try:
        with file.open("rb") as content:
            length = int.from_bytes(content.read(8), "little")
            head = json.loads(content.read(min(length, file.stat().st_size)))
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} is no safetensors file: {error}") from error
    if not isinstance(head, dict):
        raise EngineError(f"{file} is no safetensors file: its head is no object")
    return head


def _json(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise EngineError(f"{file} holds no JSON object")
    return content


def _is_embedding(name: str) -> bool:
    return name.rpartition(".")[2].startswith(_EMBEDDINGS)


def _is_input(name: str) -> bool:
    return name.rpartition(".")[2] in ("embed_tokens", "wte", "shared", "embed_in")


def _is_conv(name: str, transposed: bool) -> bool:
    return transposed and name != _OUTPUT


def _module(name: str, transposed: bool) -> str:
    """Return the module's name in the network; old GPT-2 files leave its first part out."""
    return f"transformer.{name}" if transposed and name.startswith("h.") else name
