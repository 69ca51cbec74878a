"""Adapter files: what is taken in, and what is refused with a sentence that helps."""

import json
import resource
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from monitor.errors import BadAdapter, Unavailable
from monitor.storage.adapter_source import directory
from monitor.storage.artifacts import ArtifactFolder
from rollback.manifest import digest
from rollback.versions import AdapterVersion, VersionState

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PREFIX = "base_model.model.model.layers.0.self_attn"
_FILES = ["adapter_config.json", "adapter_model.safetensors", "manifest.json"]


@dataclass(frozen=True)
class _Base:
    fingerprint: str
    linear: Mapping[str, tuple[int, int]]


_BASE = _Base(
    fingerprint="b" * 64,
    linear={
        "model.layers.0.self_attn.q_proj": (16, 16),
        "model.layers.0.self_attn.v_proj": (8, 16),
        "lm_head": (100, 16),
    },
)
_CONFIG = {
    "peft_type": "LORA",
    "base_model_name_or_path": "somewhere/else",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "v_proj"],
}


def _tensors(rank: int = 4) -> dict[str, np.ndarray[Any, Any]]:
    generator = np.random.default_rng(7)
    shapes = {
        "q_proj.lora_A": (rank, 16),
        "q_proj.lora_B": (16, rank),
        "v_proj.lora_A": (rank, 16),
        "v_proj.lora_B": (8, rank),
    }
    return {
        f"{_PREFIX}.{name}.weight": generator.normal(size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def _save(
    folder: Path, tensors: Mapping[str, np.ndarray[Any, Any]] | None = None, **config: Any
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors or _tensors()), folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(_CONFIG | config))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder as PEFT saves it."""
    return _save(tmp_path / "saved")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactFolder:
    """Return an empty store."""
    return ArtifactFolder(tmp_path / "data" / "adapters", _BASE)


def _take_in(store: ArtifactFolder, source: Path, **changes: Any) -> AdapterVersion:
    words: dict[str, Any] = {"label": "v1", "parent": None, "facts": {}, "at": _NOW}
    family = changes.pop("family", "support")
    return store.take_in(family, directory(source), **(words | changes))


def _stored(tmp_path: Path) -> list[str]:
    root = tmp_path / "data" / "adapters"
    return sorted(path.name for path in root.iterdir() if path.name != ".lock")


def _refuse(store: ArtifactFolder, source: Path, words: str, **changes: Any) -> None:
    with pytest.raises(BadAdapter, match=words) as caught:
        _take_in(store, source, **changes)
    assert "\n" not in str(caught.value)


def test_an_adapter_is_stored_under_its_contents_name(store: ArtifactFolder, source: Path) -> None:
    """The version is registered, and its files are there and read-only."""
    version = _take_in(store, source, facts={"owner": "team"}, parent="support@000000000000")
    assert version.name == f"support@{digest(version.manifest)}"
    assert (version.state, version.label) == (VersionState.REGISTERED, "v1")
    folder = store.folder(version.name)
    assert sorted(path.name for path in folder.iterdir()) == _FILES
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    stored = load_file(folder / "adapter_model.safetensors")
    assert all((stored[name] == tensor).all() for name, tensor in _tensors().items())


def test_only_what_decides_answers_is_served(store: ArtifactFolder, source: Path) -> None:
    """The stored configuration is the manifest's, without paths."""
    version = _take_in(store, source)
    config = json.loads((store.folder(version.name) / "adapter_config.json").read_bytes())
    assert config == version.manifest["config"]
    assert "base_model_name_or_path" not in config


def test_the_same_content_twice_is_one_version(
    store: ArtifactFolder, source: Path, tmp_path: Path
) -> None:
    """Also when it was saved elsewhere with other paths."""
    first = _take_in(store, source)
    again = _save(tmp_path / "again", base_model_name_or_path="/other", lora_dropout=0.1)
    assert _take_in(store, again, label="other").name == first.name
    assert _stored(tmp_path) == [first.name]


def test_other_tensors_are_another_version(
    store: ArtifactFolder, source: Path, tmp_path: Path
) -> None:
    """A single value is enough."""
    tensors = _tensors()
    next(iter(tensors.values()))[0, 0] += 1
    other = _save(tmp_path / "other", tensors)
    assert _take_in(store, source).name != _take_in(store, other).name


def _pickle(source: Path) -> None:
    (source / "adapter_model.safetensors").rename(source / "adapter_model.bin")


def _truncated(source: Path) -> None:
    path = source / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def _renamed(old: str, new: str) -> dict[str, np.ndarray[Any, Any]]:
    return {name.replace(old, new): tensor for name, tensor in _tensors().items()}


def _infinite(source: Path) -> None:
    tensors = _tensors()
    tensors[f"{_PREFIX}.v_proj.lora_B.weight"][3, 2] = np.inf
    _save(source, tensors)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (shutil.rmtree, "is no folder"),
        (_pickle, "adapter_model.bin is a pickle"),
        (_truncated, "is truncated"),
        (_infinite, "NaN or infinite"),
        (lambda source: _save(source, _renamed("q_proj", "k_proj")), "would do nothing"),
        (lambda source: _save(source, r=8), "says 8"),
    ],
)
def test_a_bad_adapter_is_refused_and_leaves_nothing_behind(
    store: ArtifactFolder,
    source: Path,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    """One sentence, and not even a temporary folder."""
    _take_in(store, source)
    before = _stored(tmp_path)
    spoil(source)
    _refuse(store, source, words)
    assert _stored(tmp_path) == before


def test_an_adapter_of_another_base_model_is_refused(store: ArtifactFolder, source: Path) -> None:
    """Its training says which one it was made for."""
    _refuse(
        store,
        source,
        "trained on the base model cccccccccccc, and bbbbbbbbbbbb is served",
        facts={"base_model_fingerprint": "c" * 64},
    )
    assert _take_in(store, source, facts={"base_model_fingerprint": "b" * 64}).name


@pytest.mark.parametrize("family", ["../up", "a/b", "", ".hidden", "a@b", "a\nb"])
def test_a_family_that_leads_out_of_the_folder_is_refused(
    store: ArtifactFolder, source: Path, family: str
) -> None:
    """A family is part of a folder's name."""
    _refuse(store, source, "cannot be a family", family=family)


def test_what_a_killed_process_left_is_swept(
    store: ArtifactFolder, source: Path, tmp_path: Path
) -> None:
    """The next one that takes something in cleans up."""
    leftover = tmp_path / "data" / "adapters" / ".incoming-dead"
    shutil.copytree(source, leftover)
    version = _take_in(store, source)
    assert _stored(tmp_path) == [version.name]


@contextmanager
def _disk_of(limit: int) -> Iterator[None]:
    """Let no file grow beyond a limit, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    store: ArtifactFolder, source: Path, tmp_path: Path
) -> None:
    """With room again, the same call succeeds."""
    with _disk_of(500), pytest.raises(Unavailable, match=r"no room for the adapter in .*: free"):
        _take_in(store, source)
    assert _stored(tmp_path) == []
    assert _take_in(store, source).name


def test_a_place_that_cannot_be_written_is_told(source: Path, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        _take_in(ArtifactFolder(tmp_path / "data" / "adapters", _BASE), source)


def _tampered(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("name", _FILES)
def test_a_changed_file_is_not_served(store: ArtifactFolder, source: Path, name: str) -> None:
    """Also after the files were found whole once."""
    version = _take_in(store, source)
    folder = store.folder(version.name)
    _tampered(folder, name)
    with pytest.raises(BadAdapter, match="were changed; add the adapter again"):
        store.folder(version.name)


def test_an_added_file_is_not_served(store: ArtifactFolder, source: Path) -> None:
    """An engine might prefer it to the checked one."""
    version = _take_in(store, source)
    (store.folder(version.name) / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(BadAdapter, match="were changed"):
        store.folder(version.name)


def test_adding_a_damaged_adapter_again_repairs_it(store: ArtifactFolder, source: Path) -> None:
    """It is the way out that the message names."""
    version = _take_in(store, source)
    _tampered(store.folder(version.name), "adapter_model.safetensors")
    assert _take_in(store, source).name == version.name
    assert store.folder(version.name).is_dir()


def test_files_that_are_gone_are_told(store: ArtifactFolder, source: Path) -> None:
    """The version and the place are named."""
    version = _take_in(store, source)
    shutil.rmtree(store.folder(version.name))
    with pytest.raises(BadAdapter, match=f"files of {version.name} are gone"):
        store.folder(version.name)


@pytest.mark.parametrize("name", ["../saved", "support", "support@..", "support@3F9A2C1D7B04"])
def test_only_a_versions_name_leads_to_a_folder(store: ArtifactFolder, name: str) -> None:
    """Nothing else is looked up on the disk."""
    with pytest.raises(BadAdapter, match="no version's name"):
        store.folder(name)


def test_another_process_finds_the_files_whole(
    store: ArtifactFolder, source: Path, tmp_path: Path
) -> None:
    """What is needed to check them lies beside them."""
    version = _take_in(store, source)
    other = ArtifactFolder(tmp_path / "data" / "adapters", _BASE)
    assert other.folder(version.name) == store.folder(version.name)
