"""The manifest of an adapter version: everything that decides how it behaves, and its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollback.canonical import canonical, plain

DIGEST_LENGTH = 12
_NAME = re.compile(r"(?P<family>[A-Za-z0-9][A-Za-z0-9._-]{0,63})@(?P<digest>[0-9a-f]{12})")

# They tell where an adapter came from or how it was trained, not how it answers.
_INERT = frozenset(
    {
        "auto_mapping",
        "base_model_name_or_path",
        "corda_config",
        "eva_config",
        "inference_mode",
        "init_lora_weights",
        "loftq_config",
        "lora_dropout",
        "lora_ga_config",
        "megatron_config",
        "megatron_core",
        "peft_version",
        "revision",
    }
)
_UNORDERED = ("target_modules", "exclude_modules", "modules_to_save", "target_parameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of a version.

    Args:
        sha256: 64 hexadecimal digits; size: bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """One tensor of a version: its name, shape and element type as safetensors calls it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


def behaviour(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a PEFT configuration that decides how the adapter answers.

    Paths, versions of tools and settings of the training are left out, and so are fields that
    say nothing (null or empty): the same adapter saved elsewhere has the same content.
    """
    kept = {
        key: value
        for key, value in config.items()
        if key not in _INERT and value is not None and value not in ({}, [])
    }
    for key in _UNORDERED:
        if isinstance(kept.get(key), list):
            kept[key] = sorted(kept[key])
    return kept


def build(
    *,
    base: str,
    config: Mapping[str, Any],
    files: tuple[StoredFile, ...],
    tensors: tuple[TensorFacts, ...],
) -> dict[str, Any]:
    """Return a manifest in JSON's own types.

    Args:
        base: fingerprint of the base model.
        config: PEFT configuration, already reduced by `behaviour`.
    """
    manifest: dict[str, Any] = plain(
        {
            "base_model": base,
            "config": config,
            "files": {file.name: {"sha256": file.sha256, "size": file.size} for file in files},
            "tensors": {
                tensor.name: {"shape": tensor.shape, "dtype": tensor.dtype} for tensor in tensors
            },
        }
    )
    return manifest


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of the canonical manifest."""
    return hashlib.sha256(canonical(manifest)).hexdigest()[:DIGEST_LENGTH]


def version_name(family: str, manifest: Mapping[str, Any]) -> str:
    """Return the name `family@digest` of the version that a manifest describes.

    Raises:
        ValueError: if the family has other signs than letters, digits, `.`, `_` and `-`.
    """
    name = f"{family}@{digest(manifest)}"
    if not is_version_name(name):
        raise ValueError(
            f"{family!r} cannot name a family: use 1 to 64 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit"
        )
    return name


def is_version_name(name: str) -> bool:
    """Tell whether a name has the form `family@digest`; such a name is safe as a folder's name."""
    return _NAME.fullmatch(name) is not None
