"""Tests of `monitor.storage.postmaster`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.storage import postmaster


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("LOG:  a\n2026-01-01 UTC [7] FATAL:  could not open x\nb", "could not open x"),
        ("initdb: error: could not write y: No space left on device", "could not write y: No space left on device"),
        ("first\nlast\n", "last"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_the_reason_is_the_line_that_says_why(said: str, reason: str) -> None:
    """The time, the process and the lines around it are left out."""
    assert postmaster.reason(said) == reason


def test_without_a_pid_file_none_runs(tmp_path: Path) -> None:
    """Nor with one that names no process."""
    assert postmaster.running(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text("")
    assert postmaster.running(tmp_path) is None


def test_another_process_is_not_the_server(tmp_path: Path) -> None:
    """A process with the number of the pid file that works elsewhere is another one."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    assert postmaster.running(tmp_path) is None


def test_a_disowned_lock_keeps_the_shared_memory(tmp_path: Path) -> None:
    """Only the number of the process goes from the lock files."""
    locks = (tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock")
    for lock in locks:
        lock.write_text(f"{os.getpid()}\n/data\n 5 6\n")
    postmaster.disown(tmp_path, tmp_path)
    for lock in locks:
        assert lock.read_text() == "2147483647\n/data\n 5 6\n"
