"""Tests of `monitor.storage.spool`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.ports.record import PackedBatch
from monitor.storage.spool import FileSpool

ROOM = 10_000


def _batch(number: int, size: int = 10, replica: str = "a", count: int = 5) -> PackedBatch:
    return PackedBatch(replica=replica, number=number, count=count, payload=b"\xff" * size)


def _files(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def test_batches_come_out_as_they_went_in_oldest_first(tmp_path: Path) -> None:
    """Each stays the oldest until it is forgotten."""
    spool = FileSpool(tmp_path, ROOM)
    batches = [_batch(11), _batch(2), _batch(100), _batch(2, replica="b")]
    for batch in batches:
        assert spool.put(batch)
    assert spool.waiting == 20
    for batch in batches:
        assert spool.oldest() == spool.oldest() == batch
        spool.forget(batch)
    assert (spool.oldest(), spool.waiting) == (None, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_new_process_goes_on_where_the_old_one_stopped(tmp_path: Path) -> None:
    """What waits outlives the process, and new batches go behind it."""
    folder = tmp_path / "data" / "spool"
    old = FileSpool(folder, ROOM)
    for number in range(12):
        old.put(_batch(number))
    old.forget(_batch(0))
    new = FileSpool(folder, ROOM)
    new.put(_batch(0))
    assert new.waiting == 60
    out = []
    while (batch := new.oldest()) is not None:
        out.append(batch.number)
        new.forget(batch)
    assert out == [*range(1, 12), 0]


def test_a_batch_that_waits_is_not_kept_twice(tmp_path: Path) -> None:
    """Neither in one process nor after a restart."""
    spool = FileSpool(tmp_path, ROOM)
    assert spool.put(_batch(1))
    assert spool.put(_batch(1))
    assert FileSpool(tmp_path, ROOM).put(_batch(1))
    assert spool.waiting == 5
    assert len(_files(tmp_path, "")) == 1


def test_what_finds_no_room_is_counted(tmp_path: Path) -> None:
    """The bytes of all files stay within the limit; room that is made is used again."""
    spool = FileSpool(tmp_path, 2_500)
    assert [spool.put(_batch(number, 1_000)) for number in range(4)] == [True, True, False, False]
    assert (spool.waiting, spool.dropped) == (10, 10)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2_500
    spool.forget(_batch(0))
    assert spool.put(_batch(5, 1_000))
    assert spool.dropped == 10


@pytest.mark.parametrize("length", [0, 5, 40, -1])
def test_a_torn_file_is_passed_over_and_counted(tmp_path: Path, length: int) -> None:
    """A file that ends too early is set aside, and those behind it come out."""
    FileSpool(tmp_path, ROOM).put(_batch(1))
    (file,) = _files(tmp_path, ".batch")
    file.write_bytes(file.read_bytes()[:length])
    spool = FileSpool(tmp_path, ROOM)
    spool.put(_batch(2))
    assert spool.oldest() == _batch(2)
    assert (spool.waiting, spool.torn, spool.dropped) == (5, 5, 0)
    assert len(_files(tmp_path, ".torn")) == 1
    assert FileSpool(tmp_path, ROOM).oldest() == _batch(2)


def test_a_file_that_somebody_deletes_holds_up_none(tmp_path: Path) -> None:
    """Whoever makes room on the disk loses those answers, and no others."""
    spool = FileSpool(tmp_path, ROOM)
    spool.put(_batch(1))
    _files(tmp_path, ".batch")[0].unlink()
    spool.put(_batch(2))
    assert spool.oldest() == _batch(2)
    assert (spool.waiting, spool.torn) == (5, 5)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    """The checksum covers the payload."""
    spool = FileSpool(tmp_path, ROOM)
    spool.put(_batch(1, 1_000))
    (file,) = _files(tmp_path, ".batch")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert spool.oldest() is None
    assert spool.torn == 5


def test_an_unfinished_file_is_swept_away(tmp_path: Path) -> None:
    """What a crash left before its name was given is no batch."""
    (tmp_path / f"{3:016d}-5-abc.draft").write_bytes(b"half")
    spool = FileSpool(tmp_path, ROOM)
    assert spool.oldest() is None
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    """Texts may wait in it: neither folder nor files are anybody else's to read."""
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o755)
    FileSpool(folder, ROOM).put(_batch(1))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_failing_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """The caller hears of it, and no half of a batch stays."""
    spool = FileSpool(tmp_path, ROOM)
    tmp_path.rename(tmp_path.with_name("gone"))
    with pytest.raises(OSError, match="No such file"):
        spool.put(_batch(1))
    os.rename(tmp_path.with_name("gone"), tmp_path)
    assert spool.waiting == 0
    assert spool.put(_batch(1))


def test_forgetting_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    """A batch may be recorded before anybody spooled it."""
    spool = FileSpool(tmp_path, ROOM)
    spool.forget(_batch(1))
    assert spool.waiting == 0
