"""The demo's adapters, trained once and kept, and a folder that Postgres' user can reach."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from monitor.cli.demo import train
from monitor.demo import cast

CACHE = Path(__file__).parents[2] / ".cache"


@pytest.fixture(scope="session")
def adapters() -> Mapping[str, Path]:
    """Return the folder of each of the demo's versions."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one test process trains, the others wait
        return cast.train_missing(CACHE / "demo", train, lambda words: None)


@pytest.fixture
def root() -> Iterator[Path]:
    """Return an empty folder with a short name that other users may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="bs-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
