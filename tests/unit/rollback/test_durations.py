"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.durations import parse_duration, spell


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("24h", 86_400), ("90d", 7_776_000), (" 1h 30m ", 5_400), ("0s", 0)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    """Numbers with units, one or several."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", 5, None, "5 minutes", "-5m", "m", "1.5h", "9" * 20 + "d"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    """The message quotes what was written."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(0, 10**8))
def test_a_duration_is_spelled_as_it_is_read(seconds: int) -> None:
    """Spelling and reading undo each other."""
    assert parse_duration(spell(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
