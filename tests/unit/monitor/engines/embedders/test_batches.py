"""Batches of like length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.engines.embedders.batches import of_like_length


@given(st.lists(st.integers(1, 300)), st.integers(1, 2000), st.integers(1, 64))
def test_every_text_is_in_one_batch_within_the_budget(
    lengths: list[int], most_tokens: int, most_rows: int
) -> None:
    """Padding counts; only a text that is longer than the budget exceeds it, alone."""
    found = list(of_like_length(lengths, most_tokens, most_rows))
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    for rows in found:
        padded = len(rows) * max(lengths[row] for row in rows)
        assert len(rows) <= most_rows
        assert padded <= most_tokens or len(rows) == 1
