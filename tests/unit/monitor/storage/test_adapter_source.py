"""Folders that people hand in."""

import os
from pathlib import Path

import pytest

from monitor.errors import BadAdapter
from monitor.ports.versions import AdapterSource
from monitor.storage.adapter_source import (
    CONFIG,
    WEIGHTS,
    directory,
    hard_links,
    opened,
    require_adapter,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with the two files that an adapter has."""
    folder = tmp_path / "saved"
    folder.mkdir()
    for name in (CONFIG, WEIGHTS):
        (folder / name).write_bytes(b"content")
    return folder


def test_a_folder_with_both_files_is_taken(source: Path) -> None:
    """Other files beside them do no harm."""
    (source / "README.md").write_text("notes")
    require_adapter(source)


def test_a_missing_folder_is_refused(source: Path) -> None:
    """So is a file in its place."""
    for path in (source / "nowhere", source / CONFIG):
        with pytest.raises(BadAdapter, match=f"{path.name} is no folder"):
            require_adapter(path)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_refused(source: Path, name: str) -> None:
    """The file is named."""
    (source / name).unlink()
    with pytest.raises(BadAdapter, match=f"holds no {name}"):
        require_adapter(source)


@pytest.mark.parametrize("pickle", ["adapter_model.bin", "adapter_model.pt"])
def test_a_pickle_is_refused(source: Path, pickle: str) -> None:
    """It could run code; the way out is to save again."""
    (source / WEIGHTS).rename(source / pickle)
    with pytest.raises(BadAdapter, match=rf"{pickle} is a pickle.*safe_serialization=True"):
        require_adapter(source)


def _read(source: Path) -> bytes:
    with opened(directory(source), WEIGHTS) as file:
        return file.read()


def test_a_link_within_the_folder_is_followed(source: Path) -> None:
    """It leads to what the operator handed in."""
    (source / WEIGHTS).rename(source / "weights")
    (source / WEIGHTS).symlink_to("weights")
    assert _read(source) == b"content"


@pytest.mark.parametrize("target", ["../outside", "/etc/hostname", "../gone"])
def test_a_link_that_leads_out_of_the_folder_is_refused(source: Path, target: str) -> None:
    """Whatever it leads to."""
    (source.parent / "outside").write_bytes(b"secret")
    (source / WEIGHTS).unlink()
    (source / WEIGHTS).symlink_to(target)
    with pytest.raises(BadAdapter, match="leads out of the folder"):
        _read(source)


def test_a_link_in_a_circle_is_refused(source: Path) -> None:
    """It cannot be read."""
    (source / WEIGHTS).unlink()
    (source / WEIGHTS).symlink_to(WEIGHTS)
    with pytest.raises(BadAdapter, match="cannot be read"):
        _read(source)


def test_what_is_no_regular_file_is_refused_at_once(source: Path) -> None:
    """Reading a pipe would wait for ever."""
    (source / WEIGHTS).unlink()
    os.mkfifo(source / WEIGHTS)
    with pytest.raises(BadAdapter, match="no regular file"):
        _read(source)


def _read_and_meddle(source: Path) -> None:
    with opened(directory(source), WEIGHTS) as file:
        file.read(1)
        (source / WEIGHTS).write_bytes(b"another content")


def test_a_file_that_changes_while_it_is_read_is_refused(source: Path) -> None:
    """Half of it would be of one version and half of another."""
    with pytest.raises(BadAdapter, match="changed while it was read"):
        _read_and_meddle(source)


def test_a_folder_that_is_a_link_within_is_followed_and_one_that_leads_out_is_not(
    source: Path,
) -> None:
    """What counts is where the file lies, not how many links lead there."""
    inner = source / "inner"
    inner.mkdir()
    (source / WEIGHTS).rename(inner / WEIGHTS)
    (source / WEIGHTS).symlink_to(f"inner/{WEIGHTS}")
    assert _read(source) == b"content"
    inner.rename(source.parent / "outer")
    inner.symlink_to("../outer", target_is_directory=True)
    with pytest.raises(BadAdapter, match="leads out of the folder"):
        _read(source)


def test_a_cache_may_keep_files_apart_from_their_names(source: Path) -> None:
    """Within its own folder, as the cache of the Hugging Face hub does."""
    (source / WEIGHTS).rename(source.parent / "blob")
    (source / WEIGHTS).symlink_to("../blob")
    with opened(AdapterSource(folder=source, root=source.parent), WEIGHTS) as file:
        assert file.read() == b"content"


def test_a_file_that_is_swapped_for_a_link_is_not_read_twice(source: Path) -> None:
    """The file that was opened and checked is the one that is read, whatever its name means now."""
    (source.parent / "outside").write_bytes(b"secret")
    with opened(directory(source), WEIGHTS) as file:
        (source / WEIGHTS).unlink()
        (source / WEIGHTS).symlink_to("../outside")
        assert file.read() == b"content"


def test_a_folder_with_very_many_files_is_refused(source: Path) -> None:
    """It is no adapter's; they are not even listed."""
    for number in range(1_001):
        (source / f"{number}.txt").touch()
    with pytest.raises(BadAdapter, match="more than 1,000 files"):
        require_adapter(source)


def test_a_second_name_of_a_file_is_noted(source: Path) -> None:
    """It may lie outside of the folder, which nobody can tell."""
    assert hard_links(directory(source)) == []
    os.link(source / WEIGHTS, source.parent / "second")
    assert hard_links(directory(source)) == [WEIGHTS]
