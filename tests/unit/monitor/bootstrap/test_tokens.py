"""Bearer tokens."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from monitor.bootstrap import tokens
from monitor.errors import ConfigError


def test_a_token_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """The next start finds the same one."""
    token = tokens.ensure(tmp_path, "operator")
    path = tokens.path_of(tmp_path, "operator")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() == token == tokens.ensure(tmp_path, "operator")


def test_operators_and_callers_have_different_tokens(tmp_path: Path) -> None:
    """One does not open the other's door."""
    assert tokens.ensure(tmp_path, "operator") != tokens.ensure(tmp_path, "caller")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The sentence names the file that could not be written."""
    with pytest.raises(ConfigError, match=r"nowhere/operator\.token: cannot be written"):
        tokens.ensure(tmp_path / "nowhere", "operator")


def test_an_empty_token_file_is_replaced(tmp_path: Path) -> None:
    """A token of nothing would fit an empty header, and no start would ever mend it."""
    path = tokens.path_of(tmp_path, "operator")
    path.touch()
    token = tokens.ensure(tmp_path, "operator")
    assert len(token) > 24
    assert path.read_text().strip() == token == tokens.ensure(tmp_path, "operator")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_that_cannot_be_written_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while it is written leaves neither an empty token nor a half one."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ConfigError, match="No space left"):
            tokens.ensure(tmp_path, "operator")
    assert list(tmp_path.iterdir()) == []
