"""What a sentence-transformers folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.engines.embedders import layout
from monitor.engines.embedders.layout import Pooling
from monitor.errors import EngineError

MODULES = ["Transformer", "Pooling", "Normalize"]


def folder(place: Path, *, modules: list[str] = MODULES, **pooling: Any) -> Path:
    """Write a folder without a usable model."""
    said = [
        {"type": f"sentence_transformers.models.{kind}", "path": "" if not at else f"{at}_{kind}"}
        for at, kind in enumerate(modules)
    ]
    (place / "1_Pooling").mkdir()
    for name, content in {
        "modules.json": said,
        "config.json": {"max_position_embeddings": 64},
        "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": True},
        "1_Pooling/config.json": pooling or {"pooling_mode_mean_tokens": True},
    }.items():
        (place / name).write_text(json.dumps(content))
    (place / "model.safetensors").write_bytes(b"weights")
    return place


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, Pooling.CLS),
        ({"pooling_mode_max_tokens": True}, Pooling.MAX),
        ({"pooling_mode_mean_tokens": True}, Pooling.MEAN),
        ({"pooling_mode": "mean"}, Pooling.MEAN),
        ({"pooling_mode": "cls"}, Pooling.CLS),
    ],
)
def test_pooling_is_read(tmp_path: Path, said: dict[str, Any], pooling: Pooling) -> None:
    """In the way of older and of newer releases of sentence-transformers."""
    read = layout.read(folder(tmp_path, **said))
    assert (read.pooling, read.longest, read.lowers) == (pooling, 32, True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"modules": ["Transformer", "Pooling", "Dense"]}, "made of Transformer, Pooling, Dense"),
        ({"modules": ["StaticEmbedding"]}, "made of StaticEmbedding"),
        ({"pooling_mode_lasttoken": True}, "pooling by lasttoken is not known"),
        (
            {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
            "pooling by mean_tokens, max_tokens is not known",
        ),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    tmp_path: Path, said: dict[str, Any], sentence: str
) -> None:
    """Vectors that are not the model's own would be worse than none."""
    with pytest.raises(EngineError, match=sentence):
        layout.read(folder(tmp_path, **said))


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    """They could run code."""
    place = folder(tmp_path)
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    with pytest.raises(EngineError, match="pickled weights are not loaded"):
        layout.read(place)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """With the file that is missing."""
    with pytest.raises(EngineError, match=r"modules\.json cannot be read"):
        layout.read(tmp_path / "gone")


@pytest.mark.parametrize("changed", ["model.safetensors", "1_Pooling/config.json", "precision"])
def test_the_digest_follows_whatever_changes_vectors(tmp_path: Path, changed: str) -> None:
    """Weights, pooling, and the precision that is computed in."""
    place = folder(tmp_path)
    before = layout.read(place).digest("float32")
    assert layout.read(place).digest("float32") == before
    if changed == "precision":
        assert layout.read(place).digest("bfloat16") != before
        return
    other = {"model.safetensors": "others", "1_Pooling/config.json": '{"pooling_mode": "cls"}'}
    (place / changed).write_text(other[changed])
    assert layout.read(place).digest("float32") != before
