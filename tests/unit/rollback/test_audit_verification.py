"""What was done to a trail, and to which row first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollback.audit import AuditRow, next_row
from rollback.audit_anchors import Anchor
from rollback.audit_verification import Tampering, verify
from tests.unit.rollback.chains import START, chain


def _anchor(row: AuditRow) -> Anchor:
    return Anchor(seq=row.seq, hash=row.hash, at=START)


def _numbered(rows: Sequence[AuditRow]) -> list[AuditRow]:
    """Number rows as they stand, as somebody would who hides a change in a table."""
    return [replace(row, seq=number) for number, row in enumerate(rows, 1)]


def _rewritten(rows: Sequence[AuditRow], first: int) -> list[AuditRow]:
    """Compute the chain anew from row `first` on, with another actor there."""
    made = list(rows[: first - 1])
    for row in rows[first - 1 :]:
        actor = "nobody" if row.seq == first else row.actor
        made.append(
            next_row(
                made[-1] if made else None,
                at=row.at,
                actor=actor,
                action=row.action,
                subject=row.subject,
                payload=row.payload,
            )
        )
    return made


def test_an_untouched_chain_is_intact() -> None:
    """The verification tells how long it is and where it ends."""
    rows = chain(5)
    result = verify(iter(rows), [_anchor(rows[1]), _anchor(rows[4])])
    assert result.intact
    assert (result.rows, result.head, result.anchors) == (5, rows[-1].hash, 2)
    assert verify([]).intact


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "nobody"},
        {"payload": {"number": 99}},
        {"at": START},
        {"subject": "other"},
        {"action": "rollback"},
        {"previous": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_an_edited_row_is_named(change: dict[str, Any]) -> None:
    """Every field is covered by the hash."""
    rows = chain(5)
    rows[2] = replace(rows[2], **change)
    result = verify(rows)
    assert (result.tampering, result.bad_seq) == (Tampering.EDITED, 3)


def test_deleted_rows_are_named() -> None:
    """The row after the gap is the first bad one, and the sentence says which are missing."""
    rows = chain(6)
    result = verify(rows[:2] + rows[4:])
    assert (result.tampering, result.bad_seq) == (Tampering.DELETED, 5)
    assert "rows 3 to 4 were deleted" in result.reason


def test_a_missing_beginning_is_a_deletion() -> None:
    """The chain must begin with row 1."""
    assert verify(chain(3)[1:]).tampering is Tampering.DELETED


def test_a_deletion_that_was_closed_up_is_told_from_an_edit() -> None:
    """Numbering the rest anew leaves hashes that fit the old numbers."""
    rows = chain(6)
    result = verify(_numbered(rows[:2] + rows[4:]))
    assert (result.tampering, result.bad_seq) == (Tampering.DELETED, 3)
    assert "it was row 5" in result.reason


def test_rows_that_changed_places_are_told_from_deleted_ones() -> None:
    """Both are there, each in the other's place."""
    rows = chain(5)
    rows[1], rows[2] = rows[2], rows[1]
    for order in (rows, _numbered(rows)):
        result = verify(order)
        assert result.tampering is Tampering.REORDERED
    assert (result.bad_seq, result.reason) == (
        2,
        "the rows were reordered: row 2 was written as row 3",
    )


def test_a_repeated_row_is_out_of_order() -> None:
    """A row counts once."""
    rows = chain(3)
    assert verify([*rows, rows[1]]).tampering is Tampering.REORDERED


def test_a_row_rewritten_with_its_hash_breaks_the_link_after_it() -> None:
    """An edit with a fresh hash no longer fits what the next row remembers."""
    rows = chain(4)
    rows[1] = _rewritten(rows, 2)[1]
    result = verify(rows)
    assert (result.tampering, result.bad_seq) == (Tampering.REPLACED, 3)


def test_rows_cut_off_the_end_show_against_an_anchor() -> None:
    """The chain alone cannot show it."""
    rows = chain(4)
    assert verify(rows[:3]).intact
    result = verify(rows[:3], [_anchor(rows[3])])
    assert (result.tampering, result.bad_seq) == (Tampering.TRUNCATED, 4)
    assert "rows 4 to 4 or more were cut off" in result.reason


def test_a_chain_computed_anew_shows_against_an_anchor() -> None:
    """The sentence bounds where it began: behind the last anchor that agrees."""
    rows = chain(9)
    forged = _rewritten(rows, 5)
    assert verify(forged).intact
    result = verify(forged, [_anchor(rows[6]), _anchor(rows[2]), _anchor(rows[8])])
    assert (result.tampering, result.bad_seq) == (Tampering.REWRITTEN, 7)
    assert "from a row between 4 and 7 on" in result.reason


def test_the_zone_in_which_a_moment_comes_back_does_not_matter() -> None:
    """A database may hand moments back in its own time zone."""
    rows = chain(2)
    moved = [replace(row, at=row.at.astimezone(timezone(timedelta(hours=9)))) for row in rows]
    assert verify(moved).intact


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(data=st.data(), length=st.integers(2, 12))
def test_each_way_of_tampering_has_its_name(data: st.DataObject, length: int) -> None:
    """Whatever row it touches, with an anchor at the head."""
    rows = chain(length)
    at = data.draw(st.integers(1, length))
    other = data.draw(st.integers(1, length).filter(lambda number: number != at))
    swapped = list(rows)
    swapped[at - 1], swapped[other - 1] = rows[other - 1], rows[at - 1]
    inner = min(at, length - 1)
    attacks = {
        Tampering.EDITED: ([*rows[: at - 1], replace(rows[at - 1], actor="x"), *rows[at:]], at),
        Tampering.DELETED: ([*rows[: inner - 1], *rows[inner:]], inner + 1),
        Tampering.REORDERED: (_numbered(swapped), min(at, other)),
        Tampering.TRUNCATED: (rows[: at - 1], at),
        Tampering.REWRITTEN: (_rewritten(rows, at), length),
    }
    for tampering, (found, first_bad) in attacks.items():
        result = verify(found, [_anchor(rows[-1])])
        assert (result.tampering, result.bad_seq) == (tampering, first_bad)
