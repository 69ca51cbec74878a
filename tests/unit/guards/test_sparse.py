"""Sparse rows and their products."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from guards.sparse import SparseRows, stacked

WIDTH, COLUMNS = 7, 3
SHAPES = st.tuples(st.integers(0, 6), st.integers(0, 2**32 - 1))


def _table(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a table of so many rows, half of it zeros, by a seed."""
    rows, seed = shape
    random = np.random.default_rng(seed)
    table = random.normal(size=(rows, WIDTH)) * (random.random((rows, WIDTH)) < 0.5)
    return table.astype(np.float32)


def _rows(table: NDArray[np.float32]) -> SparseRows:
    peer = sparse.csr_matrix(table)
    return SparseRows(
        values=peer.data,
        features=peer.indices.astype(np.int64),
        ends=peer.indptr.astype(np.int64),
        width=WIDTH,
    )


@given(SHAPES)
def test_products_are_those_of_scipy(shape: tuple[int, int]) -> None:
    """All three agree with SciPy's sparse matrices to float32's precision."""
    table = _table(shape)
    rows, peer = _rows(table), sparse.csr_matrix(table)
    columns = np.random.default_rng(shape[1]).normal(size=(WIDTH, COLUMNS)).astype(np.float32)
    weights = np.random.default_rng(shape[1]).normal(size=(len(table), COLUMNS))
    np.testing.assert_allclose(rows.times(columns), peer @ columns, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(rows.gram(), (peer @ peer.T).toarray(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(rows.transposed_times(weights), peer.T @ weights, atol=1e-12)


@given(SHAPES)
def test_the_table_is_what_the_rows_were_made_of(shape: tuple[int, int]) -> None:
    """Nothing is lost on the way there and back."""
    table = _table(shape)
    assert np.array_equal(_rows(table).to_table(), table)


@given(SHAPES, SHAPES)
def test_a_row_has_the_same_product_whatever_it_is_stacked_with(
    above: tuple[int, int], below: tuple[int, int]
) -> None:
    """Scores do not depend, to the last bit, on what was scored at the same time."""
    columns = np.random.default_rng(1).normal(size=(WIDTH, COLUMNS)).astype(np.float32)
    parts = [_rows(_table(above)), _rows(_table(below))]
    alone = np.concatenate([part.times(columns) for part in parts])
    assert np.array_equal(stacked(parts).times(columns), alone)
