"""The hash chain."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.audit import GENESIS, AuditRow, Tampering, next_row, verify
from rollback.canonical import plain
from rollback.errors import NotCanonical

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _chain(length: int, payload: Mapping[str, Any] | None = None) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number in range(length):
        rows.append(
            next_row(
                rows[-1] if rows else None,
                at=_START + timedelta(seconds=number),
                actor="operator",
                action="promote",
                subject="support",
                payload=payload or {"number": number},
            )
        )
    return rows


def test_a_chain_begins_with_zeros_and_counts_from_one() -> None:
    """The first row follows from nothing."""
    first, second = _chain(2)
    assert (first.seq, first.previous) == (1, GENESIS)
    assert (second.seq, second.previous) == (2, first.hash)


def test_an_untouched_chain_is_intact() -> None:
    """The verification tells how long it is and where it ends."""
    rows = _chain(5)
    result = verify(iter(rows))
    assert result.intact
    assert (result.rows, result.head) == (5, rows[-1].hash)
    assert verify([]).intact


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "nobody"},
        {"payload": {"number": 99}},
        {"at": _START},
        {"subject": "other"},
        {"action": "rollback"},
    ],
)
def test_an_edited_row_is_named(change: dict[str, Any]) -> None:
    """Every field is covered by the hash."""
    rows = _chain(5)
    rows[2] = replace(rows[2], **change)
    result = verify(rows)
    assert (result.tampering, result.bad_seq) == (Tampering.EDITED, 3)


def test_deleted_rows_are_named() -> None:
    """The row after the gap is the first bad one, and the sentence says which are missing."""
    rows = _chain(6)
    result = verify(rows[:2] + rows[4:])
    assert (result.tampering, result.bad_seq) == (Tampering.DELETED, 5)
    assert "rows 3 to 4 were deleted" in result.reason


def test_a_missing_beginning_is_a_deletion() -> None:
    """The chain must begin with row 1."""
    assert verify(_chain(3)[1:]).tampering is Tampering.DELETED


def test_reordered_rows_are_told_from_deleted_ones() -> None:
    """Both rows are there, in the wrong order."""
    rows = _chain(5)
    rows[1], rows[2] = rows[2], rows[1]
    result = verify(rows)
    assert (result.tampering, result.bad_seq) == (Tampering.REORDERED, 3)


def test_a_repeated_row_is_out_of_order() -> None:
    """A row counts once."""
    rows = _chain(3)
    assert verify([*rows, rows[1]]).tampering is Tampering.REORDERED


def test_a_row_rewritten_with_its_hash_breaks_the_link_after_it() -> None:
    """An edit with a fresh hash no longer fits what the next row remembers."""
    rows = _chain(4)
    rows[1] = next_row(
        rows[0], at=_START, actor="nobody", action="promote", subject="support", payload={}
    )
    result = verify(rows)
    assert (result.tampering, result.bad_seq) == (Tampering.REPLACED, 3)


def test_rows_cut_off_the_end_show_against_an_anchor() -> None:
    """The chain alone cannot show it."""
    rows = _chain(4)
    assert verify(rows[:3]).intact
    assert verify(rows, anchor=rows[3].hash).intact
    assert verify(rows[:3], anchor=rows[3].hash).tampering is Tampering.CUT


def test_the_zone_in_which_a_moment_comes_back_does_not_matter() -> None:
    """A database may hand moments back in its own time zone."""
    rows = _chain(2)
    moved = [replace(row, at=row.at.astimezone(timezone(timedelta(hours=9)))) for row in rows]
    assert verify(moved).intact


@given(st.dictionaries(st.text("abc"), st.floats() | st.integers() | st.none(), max_size=4))
def test_a_row_read_back_from_json_is_intact(payload: dict[str, Any]) -> None:
    """Whatever the numbers were: NaN, infinite, huge."""
    (row,) = _chain(1, payload)
    assert verify([replace(row, payload=json.loads(json.dumps(plain(row.payload))))]).intact


def test_a_payload_without_json_form_is_refused() -> None:
    """What cannot be read back cannot be proved."""
    with pytest.raises(NotCanonical, match="bytes has no JSON form"):
        _chain(1, {"raw": b"bytes"})


def test_the_first_hash_is_pinned() -> None:
    """A change of this value makes every stored trail look tampered with."""
    assert _chain(1)[0].hash == "6c00321a9beada145dd2f08eb84cb33f93f26c9f86c35e3e1996cd1a2937034a"
