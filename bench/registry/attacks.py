"""Adapters made to harm whoever loads them, and what the refusal says."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bench.registry.attack import Attack

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_MODULE = "model.layers.0.self_attn.q_proj"
_KEY = f"base_model.model.{_MODULE}"
BASE = SimpleNamespace(fingerprint="b" * 64, linear={_MODULE: (16, 16)})
_PLAIN = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}

Tensors = dict[str, "np.ndarray[Any, Any]"]


def good(folder: Path) -> Path:
    """Write an adapter that is taken in."""
    folder.mkdir(parents=True)
    _config(folder)
    save_file(_tensors(), folder / WEIGHTS)
    return folder


def _tensors(rank: int = 4, module: str = _KEY) -> Tensors:
    generator = np.random.default_rng(7)
    return {
        f"{module}.lora_A.weight": generator.normal(size=(rank, 16)).astype(np.float32),
        f"{module}.lora_B.weight": generator.normal(size=(16, rank)).astype(np.float32),
    }


def _config(folder: Path, **changes: Any) -> None:
    (folder / CONFIG).write_text(json.dumps(_PLAIN | changes))


def _configured(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: _config(folder, **changes)


def _saved(tensors: Tensors) -> Callable[[Path], None]:
    return lambda folder: save_file(tensors, folder / WEIGHTS)


def _with(value: float, dtype: type = np.float32) -> Tensors:
    tensors = {name: tensor.astype(dtype) for name, tensor in _tensors().items()}
    next(reversed(tensors.values()))[-1, -1] = value
    return tensors


def _header(folder: Path, header: bytes, data: bytes = b"", length: int | None = None) -> None:
    size = struct.pack("<Q", len(header) if length is None else length)
    (folder / WEIGHTS).write_bytes(size + header + data)


def _entry(shape: list[int], size: int) -> Mapping[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}


class _Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch /tmp/backstop-was-here",)


def _pickle(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / name).write_bytes(pickle.dumps(_Bomb()))

    return spoil


def _disguised(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(pickle.dumps(_Bomb()))


def _linked(name: str, target: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


def _linked_folder(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (folder / WEIGHTS).rename(outside / WEIGHTS)
    (folder / "inner").symlink_to(outside, target_is_directory=True)
    (folder / WEIGHTS).symlink_to(f"inner/{WEIGHTS}")


def _fifo(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    os.mkfifo(folder / WEIGHTS)


def _folder(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()


def _rank_a_million(folder: Path) -> None:
    shape, size = [10**6, 16], 10**6 * 16 * 4
    entries = {
        f"{_KEY}.lora_A.weight": _entry(shape, size),
        f"{_KEY}.lora_B.weight": {
            "dtype": "F32",
            "shape": shape[::-1],
            "data_offsets": [size, 2 * size],
        },
    }
    header = json.dumps(entries).encode()
    _header(folder, header)
    os.truncate(folder / WEIGHTS, 8 + len(header) + 2 * size)


def _huge(folder: Path) -> None:
    os.truncate(folder / WEIGHTS, 2**40)


def _many_tensors(folder: Path) -> None:
    entries = ",".join(
        f'"{_KEY}.x{number}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        for number in range(120_000)
    )
    _header(folder, f"{{{entries}}}".encode(), bytes(4))


def _many_files(folder: Path) -> None:
    for number in range(20_000):
        (folder / f"{number}").touch()


def _text(name: str, content: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_text(content)

    return spoil


_TWICE = json.dumps(_PLAIN)[:-1] + ', "r": 1000000}'
_DEEP = "[" * 100_000 + "]" * 100_000

ATTACKS = (
    Attack(name="pickle .bin", spoil=_pickle("adapter_model.bin"), words="is a pickle"),
    Attack(name="pickle .pt", spoil=_pickle("adapter_model.pt"), words="is a pickle"),
    Attack(name="pickle under a safe name", spoil=_disguised, words="is truncated"),
    Attack(
        name="../ as the family",
        spoil=lambda folder: None,
        words="cannot be a family",
        family="../../etc/x",
    ),
    Attack(
        name="../ in a tensor's name",
        spoil=_saved(_tensors(module="../../../etc/passwd")),
        words="is no part of a LoRA adapter",
    ),
    Attack(
        name="link to a file outside",
        spoil=_linked(WEIGHTS, "/etc/hostname"),
        words="is a link that leads out",
    ),
    Attack(
        name="link with ../",
        spoil=_linked(CONFIG, "../../../../../../etc/hostname"),
        words="is a link that leads out",
    ),
    Attack(name="linked folder", spoil=_linked_folder, words="is a link that leads out"),
    Attack(name="link to a device", spoil=_linked(WEIGHTS, "/dev/zero"), words="leads out of"),
    Attack(name="link to itself", spoil=_linked(WEIGHTS, WEIGHTS), words="cannot be read"),
    Attack(name="pipe", spoil=_fifo, words="is no regular file"),
    Attack(name="folder for a file", spoil=_folder, words="is no regular file"),
    Attack(
        name="rank 10⁶ in the configuration",
        spoil=_configured(r=10**6),
        words="the rank 1000000 is over the limit",
    ),
    Attack(
        name="rank 10⁶ in a rank pattern",
        spoil=_configured(rank_pattern={"q_proj": 10**6}),
        words="the rank 1000000 is over the limit",
    ),
    Attack(name="rank 10⁶ in the tensors", spoil=_rank_a_million, words="has rank 1000000, over"),
    Attack(name="NaN", spoil=_saved(_with(float("nan"))), words="holds NaN or infinite"),
    Attack(
        name="infinity in float16",
        spoil=_saved(_with(float("inf"), np.float16)),
        words="holds NaN or infinite",
    ),
    Attack(
        name="NaN in the configuration",
        spoil=_text(CONFIG, json.dumps(_PLAIN)[:-1] + ', "lora_alpha": NaN}'),
        words="NaN is no JSON number",
    ),
    Attack(name="a name twice", spoil=_text(CONFIG, _TWICE), words="the name 'r' stands twice"),
    Attack(
        name="a tensor twice",
        spoil=lambda folder: _header(folder, b'{"a": 1, "a": 2}'),
        words="the name 'a' stands twice",
    ),
    Attack(
        name="very deep JSON",
        spoil=lambda folder: _header(folder, _DEEP.encode()),
        words="its header is malformed",
    ),
    Attack(
        name="header longer than the file",
        spoil=lambda folder: _header(folder, b"{}", length=2**63),
        words="is truncated",
    ),
    Attack(
        name="header of 17 MB",
        spoil=lambda folder: _header(folder, b"{" + b" " * 17_000_000 + b"}"),
        words="over the limit of 16,777,216",
    ),
    Attack(name="120,000 tensors", spoil=_many_tensors, words="over the limit of 50,000"),
    Attack(
        name="tensors that overlap",
        spoil=lambda folder: _header(
            folder, json.dumps({"a": _entry([1], 4), "b": _entry([1], 4)}).encode(), bytes(4)
        ),
        words="overlap or leave gaps",
    ),
    Attack(name="a terabyte behind the tensors", spoil=_huge, words="bytes behind its last tensor"),
    Attack(name="20,000 files", spoil=_many_files, words="more than 1,000 files"),
    Attack(
        name="configuration of 2 MB",
        spoil=_text(CONFIG, " " * 2_000_000),
        words="larger than a configuration can be",
    ),
    Attack(
        name="tensors of unknown modules",
        spoil=_saved(_tensors(module="base_model.model.model.layers.9.q_proj")),
        words="has no linear module model.layers.9.q_proj",
    ),
    Attack(
        name="targets that are not there",
        spoil=_configured(target_modules=["q_proj", "w_pack"]),
        words="has no linear module w_pack, which is targeted",
    ),
    Attack(
        name="keys with an adapter's name in them",
        spoil=_saved({f"{_KEY}.lora_A.default.weight": np.ones((4, 16), np.float32)}),
        words="is no part of a LoRA adapter",
    ),
    Attack(
        name="half of the tensors",
        spoil=_saved({f"{_KEY}.lora_A.weight": np.ones((4, 16), np.float32)}),
        words="lacks lora_A or lora_B",
    ),
    Attack(
        name="shapes of another base model",
        spoil=_saved(
            {k: np.ones((s.shape[0] * 2, s.shape[1]), np.float32) for k, s in _tensors().items()}
        ),
        words="this adapter is for another base model",
    ),
    Attack(
        name="whole modules to replace the base's",
        spoil=_configured(modules_to_save=["lm_head"]),
        words="modules_to_save holds whole modules",
    ),
    Attack(
        name="an initialisation that changes the base",
        spoil=_configured(init_lora_weights="pissa"),
        words="changes the base model",
    ),
    Attack(
        name="a pattern that takes for ever",
        spoil=_configured(target_modules=r"(([a-z]|[._0-9])+)+\$"),
        words="takes too long to match",
    ),
)
