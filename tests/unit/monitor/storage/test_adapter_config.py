"""PEFT configurations that cannot be trusted."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import BadAdapter
from monitor.storage.adapter_config import read_config

_CONFIG = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["v_proj", "q_proj"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the configuration goes."""
    return tmp_path / "adapter_config.json"


def test_a_configuration_is_reduced_to_what_decides_answers(path: Path) -> None:
    """Paths and settings of the training are left out."""
    path.write_text(json.dumps(_CONFIG | {"base_model_name_or_path": "x", "lora_dropout": 0.1}))
    assert read_config(path) == _CONFIG | {"target_modules": ["q_proj", "v_proj"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"[]", "no JSON object"),
        (b"\xff\xfe", "malformed"),
        (b'{"r": NaN}', "NaN is no JSON number"),
        (b'{"peft_type": "LORA", "x": "\\ud800"}', "malformed"),
        (b"[" * 100_000, "malformed"),
        (b" " * (2**20 + 1), "larger than"),
    ],
)
def test_a_malformed_configuration_is_refused(path: Path, content: bytes, words: str) -> None:
    """Whatever the bytes are."""
    path.write_bytes(content)
    with pytest.raises(BadAdapter, match=rf"adapter_config\.json.*{words}"):
        read_config(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"peft_type": "IA3"}, "peft_type is 'IA3'; only LORA"),
        ({"peft_type": None}, "peft_type is None"),
        ({"r": 512}, "over the limit of 256"),
        ({"r": 0}, "at least 1"),
        ({"r": "8"}, "whole number"),
        ({"r": True}, "whole number"),
        ({"rank_pattern": {"q_proj": 300}}, "over the limit of 256"),
        ({"target_modules": []}, "does nothing"),
        ({"target_modules": None}, "does nothing"),
        ({"target_modules": [1]}, "does nothing"),
        ({"modules_to_save": ["lm_head"]}, "whole modules"),
        ({"init_lora_weights": "pissa_niter_4"}, "changes the base model"),
        ({"init_lora_weights": ["pissa"]}, "changes the base model"),
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused(
    path: Path, change: dict[str, Any], words: str
) -> None:
    """The sentence says what is wrong with it."""
    path.write_text(json.dumps(_CONFIG | change))
    with pytest.raises(BadAdapter, match=words):
        read_config(path)
