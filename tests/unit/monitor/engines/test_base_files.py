"""A base model's identity, from its files or from a server's word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from monitor.engines.base_files import read_base, told_base
from monitor.errors import EngineError

_LLAMA = {
    "model.embed_tokens.weight": (20, 8),
    "model.layers.0.self_attn.q_proj.weight": (8, 8),
    "model.layers.0.mlp.up_proj.weight": (16, 8),
    "model.layers.0.input_layernorm.weight": (8,),
    "model.layers.0.self_attn.q_proj.bias": (8,),
}
_LAYERS = {"model.layers.0.self_attn.q_proj": (8, 8), "model.layers.0.mlp.up_proj": (16, 8)}


def _model(
    folder: Path,
    shapes: Mapping[str, tuple[int, ...]],
    file: str = "model.safetensors",
    **config: Any,
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: np.zeros(shape, np.float16) for name, shape in shapes.items()}, folder / file)
    return folder


def test_linear_modules_are_the_matrices_that_embed_nothing(tmp_path: Path) -> None:
    """Norms, biases and embeddings are none; an output layer of its own is one."""
    folder = _model(tmp_path, _LLAMA | {"lm_head.weight": (20, 8)}, model_type="llama")
    assert read_base(folder).linear == _LAYERS | {"lm_head": (20, 8)}


def test_a_tied_output_layer_has_the_embedding_s_shape(tmp_path: Path) -> None:
    """It is not in the file, and an adapter may sit on it."""
    folder = _model(tmp_path, _LLAMA, model_type="llama", tie_word_embeddings=True)
    assert read_base(folder).linear == _LAYERS | {"lm_head": (20, 8)}


def test_gpt2_keeps_its_matrices_transposed(tmp_path: Path) -> None:
    """And its files leave out the first part of a module's name."""
    shapes = {"h.0.attn.c_attn.weight": (8, 24), "wte.weight": (20, 8), "wpe.weight": (16, 8)}
    linear = read_base(_model(tmp_path, shapes, model_type="gpt2")).linear
    assert linear == {"transformer.h.0.attn.c_attn": (24, 8)}


def test_a_model_in_several_files_is_read_by_its_index(tmp_path: Path) -> None:
    """Copies beside it are not part of it."""
    first, second = dict(list(_LLAMA.items())[:2]), dict(list(_LLAMA.items())[2:])
    _model(tmp_path, first, "a.safetensors")
    _model(tmp_path, second, "b.safetensors")
    _model(tmp_path, {"layers.0.wq.weight": (8, 8)}, "consolidated.safetensors")
    index = dict.fromkeys(first, "a.safetensors") | dict.fromkeys(second, "b.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    assert read_base(tmp_path).linear == _LAYERS


@pytest.mark.parametrize("key", ["quantization_config", "vision_config"])
def test_a_model_that_is_rewritten_when_it_loads_has_unknown_shapes(
    tmp_path: Path, key: str
) -> None:
    """Its files name or shape layers otherwise than the network does: better to refuse nothing."""
    assert read_base(_model(tmp_path, _LLAMA, **{key: {"bits": 4}})).linear is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no safetensors file"), (b"\x02\0\0\0\0\0\0\0[]", "head is no object")],
)
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """The refusal names it."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(EngineError, match=rf"model\.safetensors.*{words}"):
        read_base(tmp_path)


def test_a_server_s_word_tells_models_apart() -> None:
    """The same word is the same model, whatever its order."""
    llama = told_base({"kind": "vllm", "root": "llama"})
    assert llama == told_base({"root": "llama", "kind": "vllm"})
    assert llama.fingerprint != told_base({"kind": "vllm", "root": "mistral"}).fingerprint
