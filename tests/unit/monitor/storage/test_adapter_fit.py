"""Tensors that belong to the base model, and others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitor.errors import BadAdapter
from monitor.storage.adapter_fit import require_fit
from rollback.manifest import TensorFacts

_Shapes = dict[str, tuple[int, ...]]
_Q = "base_model.model.layers.0.q_proj"
_V = "base_model.model.layers.0.v_proj"
_SHAPES: _Shapes = {
    f"{_Q}.lora_A.weight": (4, 16),
    f"{_Q}.lora_B.weight": (16, 4),
    f"{_V}.lora_A.weight": (4, 16),
    f"{_V}.lora_B.weight": (8, 4),
}
_CONFIG = {"r": 4, "target_modules": ["q_proj", "v_proj"]}


@dataclass(frozen=True)
class _Base:
    fingerprint: str = "b" * 64
    linear: Mapping[str, tuple[int, int]] | None = field(
        default_factory=lambda: {
            "layers.0.q_proj": (16, 16),
            "layers.0.v_proj": (8, 16),
            "lm_head": (100, 16),
        }
    )


_KNOWN, _UNKNOWN = _Base(), _Base(linear=None)


def _check(shapes: _Shapes, base: _Base = _KNOWN, **config: Any) -> None:
    tensors = [TensorFacts(name=name, shape=shape, dtype="F32") for name, shape in shapes.items()]
    require_fit(tensors, _CONFIG | config, base, "weights")


def _refuse(words: str, shapes: _Shapes, base: _Base = _KNOWN, **config: Any) -> None:
    with pytest.raises(BadAdapter, match=words):
        _check(shapes, base, **config)


def test_an_adapter_of_this_base_model_fits() -> None:
    """Also with the magnitudes of weight-decomposed LoRA."""
    _check(_SHAPES)
    _check(_SHAPES | {f"{_Q}.lora_magnitude_vector": (16,)})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("layers.0", "layers.9", r"no linear module layers\.9\.q_proj.*another base model"),
        ("base_model.model.", "", "no part of a LoRA adapter"),
        ("lora_A.weight", "lora_A.default.weight", "no part of a LoRA adapter"),
        ("lora_A.weight", "lora_embedding_A", "no part of a LoRA adapter"),
    ],
)
def test_a_tensor_that_matches_no_module_is_refused(old: str, new: str, words: str) -> None:
    """It would load without a word and do nothing."""
    _refuse(words, {name.replace(old, new): shape for name, shape in _SHAPES.items()})


@pytest.mark.parametrize(
    ("part", "shape"),
    [("lora_A.weight", (4, 32)), ("lora_B.weight", (32, 4)), ("lora_magnitude_vector", (5,))],
)
def test_a_tensor_of_another_shape_is_refused(part: str, shape: tuple[int, ...]) -> None:
    """The base model's shape is told."""
    _refuse(
        "16x16 there; this adapter is for another base model", _SHAPES | {f"{_Q}.{part}": shape}
    )


@pytest.mark.parametrize("shape", [(), (4,), (4, 16, 1)])
def test_a_tensor_of_other_dimensions_is_refused(shape: tuple[int, ...]) -> None:
    """A scalar, too."""
    _refuse("another base model", _SHAPES | {f"{_Q}.lora_A.weight": shape})


@pytest.mark.parametrize("part", ["lora_A", "lora_B"])
def test_half_a_module_is_refused(part: str) -> None:
    """Its other half would be invented."""
    half = {name: shape for name, shape in _SHAPES.items() if name != f"{_Q}.{part}.weight"}
    _refuse("q_proj lacks lora_A or lora_B", half)


def test_a_rank_over_the_limit_is_refused() -> None:
    """Where a pattern gives each module its own rank, the tensors tell."""
    wide = _SHAPES | {f"{_Q}.lora_A.weight": (300, 16), f"{_Q}.lora_B.weight": (16, 300)}
    _refuse("rank 300, over the limit of 256", wide, rank_pattern={"q_proj": 8})


def test_a_configuration_of_another_adapter_is_refused() -> None:
    """Its rank gives it away."""
    _refuse(r"rank 4, and adapter_config\.json says 8", _SHAPES, r=8)
    _check(_SHAPES, r=8, rank_pattern={"q_proj|v_proj": 4})


def test_a_target_without_tensors_is_refused() -> None:
    """Part of the adapter is missing."""
    _refuse("lm_head is targeted and has no tensors", _SHAPES, target_modules=["q_proj", "lm_head"])
    _check(_SHAPES, target_modules="all-linear")
    _check(_SHAPES, target_modules=["q_proj", "lm_head"], exclude_modules=["lm_head"])


def test_an_unknown_base_model_takes_what_fits_together() -> None:
    """Also modules that nobody here has heard of, and targets that are nowhere."""
    elsewhere = {name.replace("layers.0", "layers.9"): shape for name, shape in _SHAPES.items()}
    _check(elsewhere, _UNKNOWN, target_modules=["q_proj", "v_proj", "lm_head"])


@pytest.mark.parametrize(
    ("part", "shape"),
    [
        ("lora_A.weight", (3, 16)),
        ("lora_A.weight", (4,)),
        ("lora_A.weight", ()),
        ("lora_B.weight", (16, 3)),
        ("lora_magnitude_vector", (5,)),
    ],
)
def test_an_unknown_base_model_refuses_what_does_not_fit_together(
    part: str, shape: tuple[int, ...]
) -> None:
    """The two halves of a module must have one rank, and a magnitude for every output."""
    _refuse("do not belong together", _SHAPES | {f"{_Q}.{part}": shape}, _UNKNOWN)


def test_an_unknown_base_model_needs_no_fewer_tensors() -> None:
    """Halves, ranks and names are checked as ever."""
    half = {name: shape for name, shape in _SHAPES.items() if name != f"{_Q}.lora_A.weight"}
    _refuse("q_proj lacks lora_A or lora_B", half, _UNKNOWN)
    _refuse(r"rank 4, and adapter_config\.json says 8", _SHAPES, _UNKNOWN, r=8)
    _refuse("no part of a LoRA adapter", {"lm_head.weight": (4, 16)}, _UNKNOWN)
