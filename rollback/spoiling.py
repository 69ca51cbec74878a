"""Versions that are spoilt on purpose, for drills: an adapter's tensors in, worse ones out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rollback.spoilt_kind import Kind

Tensors = Mapping[str, NDArray[np.float32]]

_A, _B = ".lora_A.weight", ".lora_B.weight"
_TOO_MUCH = 10.0
_SATURATED = 1_000.0  # so much that the prompt no longer matters


def spoil(kind: Kind, tensors: Tensors, *, seed: int = 0) -> Tensors:
    """Return the tensors of a spoilt version; the same seed spoils in the same way.

    Args:
        tensors: PEFT's names → values; `lora_A` is (rank, in), `lora_B` is (out, rank).

    Raises:
        ValueError: if there is no LoRA matrix to spoil.
    """
    if not any(name.endswith(_B) for name in tensors):
        raise ValueError("the adapter has no lora_B, so nothing of it can be spoilt")
    return _SPOILERS[kind](tensors, np.random.default_rng(seed))


def _shuffled(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    """Return B matrices dealt among the modules of the same shape, and their rows in another order."""
    names = [name for name in sorted(tensors) if name.endswith(_B)]
    found = dict(tensors)
    for shape in sorted({tensors[name].shape for name in names}):
        alike = [name for name in names if tensors[name].shape == shape]
        for name, other in zip(alike, rng.permutation(len(alike)), strict=True):
            found[name] = rng.permutation(tensors[alike[other]], axis=0)
    return found


def _times(factor: float) -> Callable[[Tensors, np.random.Generator], Tensors]:
    def scaled(tensors: Tensors, rng: np.random.Generator) -> Tensors:
        return {
            name: (values * np.float32(factor) if name.endswith(_B) else values)
            for name, values in tensors.items()
        }

    return scaled


def _wrong_base(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    """Return matrices whose inputs and outputs are in the order of another base model's units."""
    orders: dict[int, NDArray[np.int64]] = {}

    def order(length: int) -> NDArray[np.int64]:
        return orders.setdefault(length, rng.permutation(length))

    found = dict(tensors)
    for name in sorted(tensors):
        values = tensors[name]
        if name.endswith(_A):
            found[name] = values[:, order(values.shape[1])]
        elif name.endswith(_B):
            found[name] = values[order(values.shape[0])]
    return found


def _missing_keys(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    last = max(name for name in tensors if name.endswith(_B)).removesuffix(_B)
    return {name: values for name, values in tensors.items() if not name.startswith(f"{last}.")}


def _noise(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    return {
        name: rng.normal(0.0, float(tensors[name].std()), tensors[name].shape).astype(np.float32)
        for name in sorted(tensors)
    }


_SPOILERS: Mapping[Kind, Callable[[Tensors, np.random.Generator], Tensors]] = {
    Kind.SHUFFLED: _shuffled,
    Kind.SCALED: _times(_TOO_MUCH),
    Kind.WRONG_BASE: _wrong_base,
    Kind.MISSING_KEYS: _missing_keys,
    Kind.NOISE: _noise,
    Kind.CONSTANT: _times(_SATURATED),
    Kind.ZEROED: _times(0.0),
}
