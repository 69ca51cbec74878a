"""Sparse rows: a few filled features of many, with the three products that embeddings need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseRows:
    """A matrix of shape (rows, width) by its cells that are not 0, row after row.

    Args:
        values: float32, shape (cells,).
        features: the column of each cell, from 0 to width - 1, none twice in a row.
        ends: shape (rows + 1,): the cells of row i are those from `ends[i]` to `ends[i + 1]`.
    """

    values: NDArray[np.float32]
    features: NDArray[np.int64]
    ends: NDArray[np.int64]
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and width."""
        return len(self.ends) - 1, self.width

    def row_of_cells(self) -> NDArray[np.int64]:
        """Return the row of each cell."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.ends))

    def to_table(self) -> NDArray[np.float32]:
        """Return the matrix with its zeros."""
        table = np.zeros(self.shape, dtype=np.float32)
        table[self.row_of_cells(), self.features] = self.values
        return table

    def times(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product with a matrix of shape (width, k).

        A row's product does not depend, to the last bit, on what other rows there are.
        """
        product = np.zeros((self.shape[0], columns.shape[1]), dtype=np.float32)
        for row, cells in enumerate(self._cells()):
            product[row] = self.values[cells] @ columns[self.features[cells]]
        return product

    def gram(self) -> NDArray[np.float64]:
        """Return the inner products of all rows with each other, shape (rows, rows)."""
        table = self.to_table()
        return (table @ table.T).astype(np.float64)

    def transposed_times(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transposed matrix' product with one of shape (rows, k)."""
        product = np.zeros((self.width, columns.shape[1]))
        for row, cells in enumerate(self._cells()):
            product[self.features[cells]] += np.outer(self.values[cells], columns[row])
        return product

    def _cells(self) -> list[slice[Any, Any, Any]]:
        ends = self.ends.tolist()
        return [slice(start, end) for start, end in pairwise(ends)]


def stacked(parts: Sequence[SparseRows]) -> SparseRows:
    """Return the rows of several matrices of one width below each other; at least one."""
    lengths = np.concatenate([np.diff(part.ends) for part in parts])
    return SparseRows(
        values=np.concatenate([part.values for part in parts]),
        features=np.concatenate([part.features for part in parts]),
        ends=np.concatenate([[0], np.cumsum(lengths)]),
        width=parts[0].width,
    )
