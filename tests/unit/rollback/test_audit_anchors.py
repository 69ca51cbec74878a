"""Anchors as people and files write them."""

from datetime import UTC, datetime

import pytest

from rollback.audit_anchors import Anchor, parse

_HASH = "9f" * 32


def test_a_person_writes_row_and_hash() -> None:
    """As the service logs and posts them."""
    assert parse(f" 42:{_HASH}\n") == Anchor(seq=42, hash=_HASH)


@pytest.mark.parametrize("text", ["", "42", _HASH, f"0:{_HASH}", f"-1:{_HASH}", "42:9f", "x:y"])
def test_anything_else_is_refused(text: str) -> None:
    """An anchor that was copied in part would prove nothing."""
    with pytest.raises(ValueError, match="anchor"):
        parse(text)


def test_an_anchor_names_its_moment_and_row() -> None:
    """For the sentence that says what was found."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    anchor = Anchor(seq=42, hash=_HASH, at=at)
    assert str(anchor) == "the anchor of 2026-01-02 03:04:05Z at row 42"
    assert str(parse(f"42:{_HASH}")) == "the anchor at row 42"
