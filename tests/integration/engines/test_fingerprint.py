"""The identity of a base model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.engines.base_files import read_base
from monitor.engines.fingerprint import base_facts
from monitor.errors import EngineError

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_the_shapes_of_linear_modules_are_read(model_dir: Path) -> None:
    """Names as in the network, output features first."""
    linear = base_facts(model_dir).linear
    assert linear["model.layers.0.self_attn.q_proj"] == (32, 32)
    assert linear["model.layers.1.self_attn.k_proj"] == (16, 32)
    assert linear["model.layers.1.mlp.down_proj"] == (32, 64)


def test_the_fingerprint_follows_what_changes_answers(model_dir: Path, tmp_path: Path) -> None:
    """A copy has the same fingerprint, a read-me changes nothing, one changed byte does."""
    copy = Path(shutil.copytree(model_dir, tmp_path / "copy"))
    original = base_facts(model_dir).fingerprint
    (copy / "README.md").write_text("hello")
    assert base_facts(copy).fingerprint == original
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    assert base_facts(copy).fingerprint != original


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """The refusal names the folder."""
    with pytest.raises(EngineError, match=tmp_path.name):
        base_facts(tmp_path)


def test_the_files_tell_what_the_network_tells(model_dir: Path) -> None:
    """A base model has one identity, whether it runs here or on a server."""
    assert read_base(model_dir) == base_facts(model_dir)
    demo = Path("monitor/demo/model").resolve()
    assert read_base(demo) == base_facts(demo)
