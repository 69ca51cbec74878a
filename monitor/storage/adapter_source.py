"""An adapter's folder as people hand it in: which files are taken, and what is refused at sight."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from monitor.errors import BadAdapter

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def require_adapter(source: Path) -> None:
    """Check that a folder holds a PEFT adapter in safetensors, and nothing that leads out of it.

    Raises:
        BadAdapter: naming the file and the way out.
    """
    if not source.is_dir():
        raise BadAdapter(f"{source} is no folder; give the folder that PEFT's save_pretrained made")
    if not _is_there(source, CONFIG):
        raise BadAdapter(f"{source} holds no {CONFIG}; give a folder that PEFT saved")
    if not _is_there(source, WEIGHTS):
        raise BadAdapter(_without_weights(source))


@contextmanager
def opened(source: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file of the folder, and refuse it if it is written to meanwhile.

    Raises:
        BadAdapter: if it cannot be read, is no regular file, leads out of the folder or changes.
    """
    path = source / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(source)):
        raise BadAdapter(
            f"{path} is a link that leads out of the folder; copy the file itself there"
        )
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise BadAdapter(f"{path} cannot be read: {error.strerror}") from error
    with file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise BadAdapter(f"{path} is no regular file; copy the adapter's file there")
        yield file
        if _mark(os.fstat(file.fileno())) != _mark(before):
            raise BadAdapter(f"{path} changed while it was read; add the adapter when it is saved")


def _is_there(source: Path, name: str) -> bool:
    return os.path.lexists(source / name)


def _without_weights(source: Path) -> str:
    pickles = sorted(path.name for path in source.iterdir() if path.suffix in _PICKLES)
    if pickles:
        return (
            f"{source / pickles[0]} is a pickle, which can run code when it is loaded; save the "
            f"adapter as {WEIGHTS} (save_pretrained with safe_serialization=True)"
        )
    return f"{source} holds no {WEIGHTS}; give a folder that PEFT saved with safetensors"


def _mark(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
