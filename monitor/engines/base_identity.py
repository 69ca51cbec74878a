"""The parts of a base model in a folder, each with a digest, so that a change can be named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from monitor.errors import EngineError
from rollback.canonical import canonical

_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_TOKENIZER = (
    "tokenizer.*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
)
_TEMPLATES = ("chat_template*",)
_PROGRAMS = ("transformers", "peft", "torch")
_TEMPLATE = "chat_template"  # may stand in the tokenizer's configuration, too


def parts_of(folder: Path) -> dict[str, str]:
    """Return the digests (SHA-256, hexadecimal) of a model's parts, and who runs it.

    Raises `EngineError` if the folder holds no model.
    """
    config = _json(folder / "config.json")
    told = _json(folder / "tokenizer_config.json")
    template = told.pop(_TEMPLATE, None)
    generation = _json(folder / "generation_config.json")
    quantization = config.pop("quantization_config", None)
    return {
        "weights": _digest_of(folder, _WEIGHTS),
        "tokenizer": _digest_of(folder, _TOKENIZER, told),
        "chat template": _digest_of(folder, _TEMPLATES, template),
        "configuration": _digest_of(folder, (), [config, generation]),
        "quantization": _digest_of(folder, (), quantization),
        "engine": ", ".join(f"{name} {metadata.version(name)}" for name in _PROGRAMS),
    }


def _digest_of(folder: Path, patterns: Iterable[str], more: Any = None) -> str:
    files = sorted({f for pattern in patterns for f in folder.glob(pattern) if f.is_file()})
    digest = hashlib.sha256(canonical(more))
    for file in files:
        with file.open("rb") as content:
            line = f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n"
        digest.update(line.encode())
    return digest.hexdigest()


def _json(file: Path) -> dict[str, Any]:
    """Return the object in a file; nothing where there is no file."""
    try:
        content = json.loads(file.read_bytes()) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise EngineError(f"{file} holds no JSON object")
    return dict(content)
