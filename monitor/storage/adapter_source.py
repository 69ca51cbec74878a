"""An adapter's folder as people hand it in: which files are taken, and what is refused at sight."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from monitor.errors import BadAdapter
from monitor.ports.versions import AdapterSource

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_MAX_FILES = 1_000
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def directory(folder: Path) -> AdapterSource:
    """Return a folder as a source; nothing in it may lead out of it."""
    return AdapterSource(folder=folder, root=folder)


def require_adapter(folder: Path) -> None:
    """Check that a folder holds a PEFT adapter in safetensors.

    Raises:
        BadAdapter: naming the file and the way out.
    """
    if not folder.is_dir():
        raise BadAdapter(f"{folder} is no folder; give the folder that PEFT's save_pretrained made")
    _require_few_files(folder)
    if not _is_there(folder, CONFIG):
        raise BadAdapter(f"{folder} holds no {CONFIG}; give a folder that PEFT saved")
    if not _is_there(folder, WEIGHTS):
        raise BadAdapter(_without_weights(folder))


@contextmanager
def opened(source: AdapterSource, name: str) -> Iterator[BinaryIO]:
    """Open a file of the folder once, and refuse it if it is written to meanwhile.

    What is looked at is the open file, not its name: one that is swapped afterwards is not read.

    Raises:
        BadAdapter: if it cannot be read, is no regular file, leads out of the folder or changes.
    """
    path = source.folder / name
    _require_file(path, source.root)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise BadAdapter(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise BadAdapter(_NOT_REGULAR.format(path=path))
        _require_still_inside(path, source.root, before)
        yield file
        if _mark(os.fstat(handle)) != _mark(before):
            raise BadAdapter(f"{path} changed while it was read; add the adapter when it is saved")


def hard_links(source: AdapterSource) -> list[str]:
    """Return the adapter's files that have a second name somewhere, maybe outside of the folder."""
    return [name for name in (CONFIG, WEIGHTS) if (source.folder / name).stat().st_nlink > 1]


_LEADS_OUT = "{path} is a link that leads out of the folder; copy the file itself there"
_NOT_REGULAR = "{path} is no regular file; copy the adapter's file there"


def _require_file(path: Path, root: Path) -> None:
    """Refuse what leads out, pipes and devices before they are opened: to open some is an act."""
    if not _is_inside(path, root):
        raise BadAdapter(_LEADS_OUT.format(path=path))
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadAdapter(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise BadAdapter(_NOT_REGULAR.format(path=path))


def _require_still_inside(path: Path, root: Path, found: os.stat_result) -> None:
    """Check that the open file is the one that the path leads to now, and lies under the root."""
    try:
        same = os.path.samestat(found, path.stat())
    except OSError:
        same = False
    if not same or not _is_inside(path, root):
        raise BadAdapter(_LEADS_OUT.format(path=path))


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _require_few_files(folder: Path) -> None:
    with os.scandir(folder) as entries:
        count = sum(1 for _ in itertools.islice(entries, _MAX_FILES + 1))
    if count > _MAX_FILES:
        raise BadAdapter(
            f"{folder} holds more than {_MAX_FILES:,} files; give the folder of one adapter"
        )


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
