"""The key-value cache."""

from __future__ import annotations

from typing import Any

import torch

from monitor.engines import cache as caches


def columns(*values: float, rows: int = 1) -> torch.Tensor:
    """Return a block of rows × 1 head × columns × 2 channels."""
    return torch.tensor(values).reshape(1, 1, -1, 1).expand(rows, 1, -1, 2).clone()


def filled(*values: float, rows: int = 1) -> Any:
    """Return a cache of one layer with the same keys and values."""
    cache = caches.new_cache()
    cache.update(columns(*values, rows=rows), columns(*values, rows=rows), 0)
    return cache


def shown(cache: Any) -> list[list[float]]:
    """Return the first channel of the keys, row by row."""
    shown: list[list[float]] = cache.layers[0].keys[:, 0, :, 0].tolist()
    return shown


def test_columns_add_up_over_many_steps() -> None:
    """Growing past the spare room several times loses nothing."""
    cache = filled(0.0)
    for step in range(1, 200):
        keys, values = cache.update(columns(float(step)), columns(-float(step)), 0)
    assert keys[0, 0, :, 0].tolist() == [float(step) for step in range(200)]
    assert values[0, 0, 1:, 0].tolist() == [-float(step) for step in range(1, 200)]
    assert cache.get_seq_length() == 200


def test_joined_rows_are_padded_on_the_left() -> None:
    """The narrower rows get zeros in front, whichever they are."""
    narrow, wide = filled(1.0), filled(2.0, 3.0, 4.0)
    caches.join(narrow, wide)
    assert shown(narrow) == [[0.0, 0.0, 1.0], [2.0, 3.0, 4.0]]


def test_selected_rows_keep_their_last_columns() -> None:
    """Rows that left are gone, and with them the padding they caused."""
    cache = filled(1.0, 2.0, 3.0, rows=3)
    cache.layers[0].keys[2] += 10
    caches.select(cache, [2], 2)
    assert shown(cache) == [[12.0, 13.0]]


def test_a_cache_grows_after_a_change_of_rows() -> None:
    """A step after joining or selecting writes behind the new columns."""
    cache = filled(1.0, 2.0)
    cache.update(columns(3.0), columns(3.0), 0)
    caches.select(cache, [0], 2)
    cache.update(columns(4.0), columns(4.0), 0)
    assert shown(cache) == [[2.0, 3.0, 4.0]]
