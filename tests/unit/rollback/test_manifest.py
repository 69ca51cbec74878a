"""The manifest and its digest."""

from typing import Any

import pytest

from rollback import manifest
from rollback.manifest import StoredFile, TensorFacts

_CONFIG: dict[str, Any] = {"peft_type": "LORA", "r": 8, "target_modules": ["v_proj", "q_proj"]}


def _manifest(**changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "base": "b" * 64,
        "config": manifest.behaviour(_CONFIG),
        "files": (StoredFile(name="adapter_model.safetensors", sha256="a" * 64, size=12),),
        "tensors": (TensorFacts(name="x", shape=(8, 16), dtype="F32"),),
    }
    return manifest.build(**(parts | changes))


def test_where_an_adapter_was_saved_does_not_change_its_digest() -> None:
    """Paths, tools' versions and settings of the training are left out."""
    elsewhere = _CONFIG | {
        "base_model_name_or_path": "/somewhere/else",
        "peft_version": "9.9",
        "lora_dropout": 0.1,
        "rank_pattern": {},
        "revision": None,
        "target_modules": ["q_proj", "v_proj"],
    }
    assert manifest.behaviour(elsewhere) == manifest.behaviour(_CONFIG)


def test_what_decides_answers_stays_in_the_configuration() -> None:
    """Also a false or a zero: it may not be the default."""
    kept = manifest.behaviour({"use_rslora": False, "lora_alpha": 0, "future_switch": True})
    assert kept == {"use_rslora": False, "lora_alpha": 0, "future_switch": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"base": "c" * 64},
        {"config": {"r": 16}},
        {"files": (StoredFile(name="adapter_model.safetensors", sha256="d" * 64, size=12),)},
        {"tensors": (TensorFacts(name="x", shape=(8, 16), dtype="F16"),)},
    ],
)
def test_every_part_of_the_content_changes_the_digest(changes: dict[str, Any]) -> None:
    """Two versions that could answer differently never share a name."""
    assert manifest.digest(_manifest(**changes)) != manifest.digest(_manifest())


def test_a_digest_is_pinned() -> None:
    """A change of this value renames every adapter that is stored."""
    assert manifest.digest(_manifest()) == "6b6b62ce7882"


def test_a_version_is_named_by_family_and_digest() -> None:
    """The name is what the registry and the folder go by."""
    name = manifest.version_name("support", _manifest())
    assert name == f"support@{manifest.digest(_manifest())}"
    assert manifest.is_version_name(name)


@pytest.mark.parametrize("family", ["../up", "a/b", "", ".hidden", "a@b", "x" * 65])
def test_a_family_that_leads_elsewhere_is_refused(family: str) -> None:
    """A name is also a folder's name."""
    with pytest.raises(ValueError, match="cannot name a family"):
        manifest.version_name(family, _manifest())
