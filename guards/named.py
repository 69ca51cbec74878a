"""Rows of numbers as mappings by name, and back; NaN is left out, it says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


def to_mappings(names: Sequence[str], table: Table) -> list[dict[str, float]]:
    """Return each row (n, names) as its known numbers by name.

    >>> to_mappings(["a", "b"], np.array([[1.0, np.nan], [2.0, 3.0]]))
    [{'a': 1.0}, {'a': 2.0, 'b': 3.0}]
    """
    known = ~np.isnan(table)
    found: list[dict[str, float]] = [{}] * len(table)
    for rows in _alike(map(bytes, np.packbits(known, axis=1))):
        columns = np.flatnonzero(known[rows[0]])
        own = [names[column] for column in columns.tolist()]
        for row, numbers in zip(rows, table[np.ix_(np.array(rows), columns)].tolist(), strict=True):
            found[row] = dict(zip(own, numbers, strict=True))
    return found


def from_mappings(mappings: Sequence[Mapping[str, float]], names: Sequence[str]) -> Table:
    """Return the numbers (n, names) of mappings, NaN where there is none; other names do not count.

    >>> from_mappings([{"a": 1.0}, {"c": 2.0}], ["a", "b"]).tolist()
    [[1.0, nan], [nan, nan]]
    """
    table = np.full((len(mappings), len(names)), np.nan)
    places = {name: place for place, name in enumerate(names)}
    for rows in _alike(map(tuple, mappings)):
        given = list(mappings[rows[0]])
        wanted = [place for place, name in enumerate(given) if name in places]
        numbers = np.array([[*mappings[row].values()] for row in rows], dtype=np.float64)
        columns = [places[given[place]] for place in wanted]
        table[np.ix_(np.array(rows), np.array(columns, dtype=np.int64))] = numbers.reshape(
            len(rows), -1
        )[:, wanted]
    return table


def _alike(keys: Iterable[Hashable]) -> Iterable[list[int]]:
    """Return the places of equal keys, together: most rows have the same numbers."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        places[key].append(place)
    return places.values()
