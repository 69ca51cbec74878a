"""Whether an adapter's tensors belong to the base model: what does not fit would do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from monitor.errors import BadAdapter
from monitor.storage.adapter_config import MAX_RANK
from monitor.storage.adapter_patterns import require_quick
from monitor.storage.adapter_source import CONFIG
from rollback.manifest import TensorFacts

_KEY = re.compile(
    r"base_model\.model\.(?P<module>.+)\."
    r"(?P<part>lora_A\.weight|lora_B\.weight|lora_magnitude_vector(?:\.weight)?)"
)
_TRIED = 64  # names of modules that patterns are tried on: they are much alike
_A, _B = "lora_A.weight", "lora_B.weight"


class BaseModel(Protocol):
    """The identity of the base model that adapters must fit."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files that change answers."""

    @property
    def linear(self) -> Mapping[str, tuple[int, int]] | None:
        """Name of each linear module, to its (output, input) features; `None` if unknown."""


def require_fit(
    tensors: Sequence[TensorFacts], config: Mapping[str, Any], base: BaseModel, file: str
) -> None:
    """Check that every tensor belongs to a module of the base model and fits it.

    Where the base model's modules are unknown, only the tensors of one module are checked against
    each other; what fits nowhere is then found when the engine's answers are those of the base.

    Args:
        file: name of the tensors' file, for the message.

    Raises:
        BadAdapter: naming the first tensor that does not fit.
    """
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for tensor in tensors:
        module, part = _place(tensor.name, base, file)
        modules.setdefault(module, {})[part] = tensor.shape
    require_quick(config, [*modules, *(base.linear or ())][:_TRIED], CONFIG)
    for module, parts in modules.items():
        features = None if base.linear is None else base.linear[module]
        rank = _rank(module, parts, features, file)
        _require_configured(module, rank, config, file)
    if base.linear is not None:
        _require_complete(modules, config, base.linear, file)


def _place(name: str, base: BaseModel, file: str) -> tuple[str, str]:
    match = _KEY.fullmatch(name)
    if match is None:
        raise BadAdapter(f"{file}: tensor {name} is no part of a LoRA adapter on linear modules")
    module = match["module"]
    if base.linear is not None and module not in base.linear:
        raise BadAdapter(
            f"{file}: the base model has no linear module {module}, so tensor {name} would do "
            "nothing; this adapter is for another base model"
        )
    return module, match["part"]


def _rank(
    module: str, parts: Mapping[str, tuple[int, ...]], features: tuple[int, int] | None, file: str
) -> int:
    if _A not in parts or _B not in parts:
        raise BadAdapter(f"{file}: module {module} lacks lora_A or lora_B; save the adapter again")
    wide, narrow = features or _own_features(parts)
    rank = next(iter(parts[_A]), 0)
    fits = parts[_A] == (rank, narrow) and parts[_B] == (wide, rank)
    others = [shape for part, shape in parts.items() if part not in (_A, _B)]
    if not fits or any(shape != (wide,) for shape in others):
        shapes = f"LoRA shapes {list(parts[_A])} and {list(parts[_B])}"
        known = f"the base model has {wide}x{narrow} there; this adapter is for another base model"
        unknown = "they do not belong together; save the adapter again"
        raise BadAdapter(
            f"{file}: module {module} has {shapes}, and {known if features else unknown}"
        )
    if rank > MAX_RANK:
        raise BadAdapter(f"{file}: module {module} has rank {rank}, over the limit of {MAX_RANK}")
    return rank


def _own_features(parts: Mapping[str, tuple[int, ...]]) -> tuple[int, int]:
    """Return the (output, input) features of a module as its own tensors have them."""
    return next(iter(parts[_B]), 0), next(reversed(parts[_A]), 0)


def _require_configured(module: str, rank: int, config: Mapping[str, Any], file: str) -> None:
    # A rank pattern is a set of regular expressions; what it gives is left to the engine's check.
    if not config.get("rank_pattern") and rank != config["r"]:
        raise BadAdapter(
            f"{file}: module {module} has rank {rank}, and adapter_config.json says {config['r']}; "
            "the two files belong to different adapters"
        )


def _require_complete(
    found: Mapping[str, object], config: Mapping[str, Any], linear: Iterable[str], file: str
) -> None:
    """Look for target modules without tensors; only where a plain list says what is targeted."""
    targets = config["target_modules"]
    narrowed = any(config.get(key) for key in ("layers_to_transform", "exclude_modules"))
    if isinstance(targets, str) or narrowed:
        return
    for target in targets:
        if not any(f".{module}".endswith(f".{target}") for module in linear):
            raise BadAdapter(
                f"{file}: the base model has no linear module {target}, which is targeted and would "
                "do nothing; this adapter is for another base model"
            )
    endings = tuple(f".{target}" for target in targets)
    for module in linear:
        if f".{module}".endswith(endings) and module not in found:
            raise BadAdapter(
                f"{file}: module {module} is targeted and has no tensors; save the adapter again"
            )
