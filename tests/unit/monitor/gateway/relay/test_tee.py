"""The tee's bounds."""

from __future__ import annotations

from monitor.gateway.relay.tee import Tee, TeeRoom


def test_chunks_are_kept_in_their_order() -> None:
    """And the room is given back at the end."""
    room = TeeRoom()
    tee = Tee(room)
    tee.add(b"a")
    tee.add(b"b")
    assert room.held > 2
    assert (tee.close(), tee.cut, room.held) == (b"ab", False, 0)
    assert (tee.close(), room.held) == (b"", 0)


def test_one_chunk_is_not_copied() -> None:
    """It is the very object that came."""
    chunk = bytes(1000)
    tee = Tee(TeeRoom())
    tee.add(chunk)
    assert tee.close() is chunk


def test_what_is_beyond_the_answer_s_bound_is_cut() -> None:
    """All of it: the record is a beginning, without holes; a cut is counted once."""
    room = TeeRoom(answer_bytes=200)
    tee = Tee(room)
    for chunk in (b"a" * 100, b"b" * 100, b"c", b"d"):
        tee.add(chunk)
    assert tee.cut
    assert tee.close() == b"a" * 100
    assert (room.cut, room.held) == (1, 0)


def test_what_is_beyond_all_tees_bound_is_cut() -> None:
    """There is room again when one of them is closed."""
    room = TeeRoom(sum_bytes=300)
    first, second, third = Tee(room), Tee(room), Tee(room)
    first.add(b"a" * 200)
    second.add(b"b" * 200)
    assert (first.cut, second.cut) == (False, True)
    first.close()
    third.add(b"c" * 200)
    assert not third.cut


def test_single_bytes_are_counted_with_what_they_weigh() -> None:
    """An answer in chunks of one byte takes more memory than its length."""
    room = TeeRoom(answer_bytes=1000)
    tee = Tee(room)
    for _ in range(1000):
        tee.add(b"x")
    assert tee.cut
    assert len(tee.close()) < 50
