"""The hash chain."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.audit import GENESIS, hash_of
from rollback.canonical import plain
from rollback.errors import NotCanonical
from tests.unit.rollback.chains import chain


def test_a_chain_begins_with_zeros_and_counts_from_one() -> None:
    """The first row follows from nothing."""
    first, second = chain(2)
    assert (first.seq, first.previous) == (1, GENESIS)
    assert (second.seq, second.previous) == (2, first.hash)


@given(st.dictionaries(st.text("abc"), st.floats() | st.integers() | st.none(), max_size=4))
def test_a_row_read_back_from_json_is_intact(payload: dict[str, Any]) -> None:
    """Whatever the numbers were: NaN, infinite, huge."""
    (row,) = chain(1, payload)
    read = replace(row, payload=json.loads(json.dumps(plain(row.payload))))
    assert hash_of(read) == row.hash


def test_a_payload_without_json_form_is_refused() -> None:
    """What cannot be read back cannot be proved."""
    with pytest.raises(NotCanonical, match="bytes has no JSON form"):
        chain(1, {"raw": b"bytes"})


def test_the_first_hash_is_pinned() -> None:
    """A change of this value makes every stored trail look tampered with."""
    assert chain(1)[0].hash == "6c00321a9beada145dd2f08eb84cb33f93f26c9f86c35e3e1996cd1a2937034a"
