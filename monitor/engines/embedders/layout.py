"""What a sentence-transformers folder says: modules, pooling, longest text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from monitor.errors import EngineError

_WEIGHTS, _CONFIG = "model.safetensors", "config.json"
_UNBOUNDED = 512  # tokens, where nothing says how many the model reads
_POOLING_KEYS = "pooling_mode_"


class Pooling(Enum):
    """How the vectors of a text's tokens become one."""

    MEAN = "mean_tokens"  # means the mean over all tokens
    CLS = "cls_token"  # means that of the first token
    MAX = "max_tokens"  # means the largest of each number


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A folder that can be used.

    Args:
        transformer: folder with configuration, weights and tokenizer.
        longest: tokens that are read of a text.
        lowers: whether texts are put into small letters before they are cut into tokens.
        files: all files that decide which vectors come out.
    """

    transformer: Path
    pooling: Pooling
    longest: int
    lowers: bool
    files: tuple[Path, ...]

    def digest(self, precision: str) -> str:
        """Return a name of weights, tokenizer, pooling and precision, 16 digits."""
        hasher = hashlib.sha256(f"{self.pooling.value} {self.longest} {self.lowers}".encode())
        hasher.update(precision.encode())
        for file in self.files:
            with file.open("rb") as content:
                hasher.update(f"{file.name} ".encode())
                hasher.update(hashlib.file_digest(content, "sha256").digest())
        return hasher.hexdigest()[:16]


def read(folder: Path) -> Layout:
    """Read a folder. Raises `EngineError` that says why it cannot be used."""
    modules = _json(folder / "modules.json")
    if not isinstance(modules, list):
        raise EngineError(f"{folder}/modules.json must hold a list of modules")
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Normalize"}:
        raise EngineError(
            f"{folder} is made of {', '.join(kinds)}: only Transformer, Pooling and Normalize are "
            "known; choose another sentence-transformers model"
        )
    transformer, pooling = (folder / module.get("path", "") for module in modules[:2])
    if not (transformer / _WEIGHTS).is_file():
        raise EngineError(f"{transformer} has no {_WEIGHTS}: pickled weights are not loaded")
    said = _optional(folder / "sentence_bert_config.json")
    return Layout(
        transformer=transformer,
        pooling=_pooling(pooling / _CONFIG),
        longest=_longest(said, transformer),
        lowers=bool(said.get("do_lower_case", False)),
        files=_files(transformer),
    )


def _pooling(path: Path) -> Pooling:
    said = _json(path)
    if "pooling_mode" in said:
        chosen = [
            f"{said['pooling_mode']}_{'token' if said['pooling_mode'] == 'cls' else 'tokens'}"
        ]
    else:
        chosen = [
            key.removeprefix(_POOLING_KEYS)
            for key, value in said.items()
            if key.startswith(_POOLING_KEYS) and value is True
        ]
    try:
        (pooling,) = map(Pooling, chosen)
    except ValueError as error:
        raise EngineError(
            f"{path}: pooling by {', '.join(chosen) or 'nothing'} is not known; mean, cls or max is"
        ) from error
    return pooling


def _longest(said: dict[str, Any], transformer: Path) -> int:
    most = _json(transformer / _CONFIG).get("max_position_embeddings", _UNBOUNDED)
    return min(int(said.get("max_seq_length") or _UNBOUNDED), int(most))


def _files(transformer: Path) -> tuple[Path, ...]:
    names = (_CONFIG, _WEIGHTS, "tokenizer.json", "tokenizer_config.json", "vocab.txt")
    return tuple(transformer / name for name in names if (transformer / name).is_file())


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error


def _optional(path: Path) -> dict[str, Any]:
    found = _json(path) if path.is_file() else {}
    return dict(found) if isinstance(found, dict) else {}
