"""Batches of texts of like length, of a bounded number of tokens with their padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def of_like_length(lengths: Sequence[int], most_tokens: int, most_rows: int) -> Iterator[list[int]]:
    """Yield rows, each once, longest texts first: what does not fit in memory shows at once.

    A batch costs its rows times its longest text; a text longer than the budget goes alone.

    Args:
        lengths: tokens of each text, at least 1.

    >>> list(of_like_length([2, 9, 3, 1], most_tokens=9, most_rows=8))
    [[1], [2, 0, 3]]
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        rows = max(1, min(most_rows, most_tokens // max(lengths[order[start]], 1)))
        yield order[start : start + rows]
        start += rows
