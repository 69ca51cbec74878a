"""Online conformal p-values: how odd is a score among all that came before it?

Source: Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random World* (2nd ed., 2022),
chapter 8: if reference and stream are exchangeable, smoothed p-values by rank among everything
seen so far are independent and uniform on (0, 1), whatever the distribution.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Scores are ranked after rounding to 7 significant bits (0.8 %). The rounding is fixed before any
# data, so it keeps exchangeability, and ties are broken exactly; it bounds memory and saved state.
_STEPS = 128  # cells per octave
_OCTAVES = 24  # magnitudes from 2**-24 to 2**24; what is smaller is 0, what is larger is the most
_LARGEST = 2.0**_OCTAVES
_SMALLEST = 2.0**-_OCTAVES
_ZERO = (2 * _OCTAVES + 1) * _STEPS  # index of the cell that holds 0
_BLOCKS = 2 * _ZERO // _STEPS + 1  # a block is an octave; the last holds the largest cell alone
_AT_ONCE = 64  # exchanges that are ranked together: what is compared grows with the square


def thetas_of(exchange_ids: Sequence[str], channels: Sequence[str]) -> NDArray[np.float64]:
    """Return the tie-breaking numbers (exchanges, channels), as if drawn uniformly from [0, 1).

    They come from SHA-256, so that a replay breaks every tie in the same way.

    >>> thetas_of(["a1"], ["length"]).round(6).tolist()
    [[0.019083]]
    """
    exchanges = np.array([_unit(each) for each in exchange_ids])
    shifts = np.array([_unit(each) for each in channels])
    return np.asarray((exchanges[:, None] + shifts) % 1.0)


@lru_cache(maxsize=1024)
def _unit(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2.0**48


class ConformalRanks:
    """Ranks of new scores among reference scores and everything seen since, row by row.

    A row is a channel with a past of its own. Within a batch, each score is ranked among those of
    the earlier exchanges as if they had come one by one.

    Args:
        references: for each row, nonconformity scores (m,), large is odd; may be empty.

    Raises:
        ValueError: if a reference score is NaN.

    >>> ranks = ConformalRanks([[1.0, 2.0, 3.0]])
    >>> ranks.p_values(np.array([[10.0], [0.0]]), np.array([[0.5], [0.5]])).tolist()
    [[0.125], [0.9]]
    """

    def __init__(self, references: Sequence[Sequence[float] | NDArray[np.float64]]) -> None:
        self._counts = np.zeros((len(references), _BLOCKS, _STEPS), dtype=np.int64)
        for row, reference in enumerate(references):
            scores = np.asarray(reference, dtype=np.float64)
            if np.isnan(scores).any():
                raise ValueError("a reference score is NaN; leave it out instead")
            np.add.at(self._counts[row].reshape(-1), _cells(scores), 1)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many scores a new one is ranked among, by row."""
        return np.asarray(self._counts.sum(axis=(1, 2)))

    def p_values(
        self, scores: NDArray[np.float64], thetas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return p-values (n, rows): large score, small p. Then count the scores among the past.

        Args:
            scores: (n, rows) in the order of the exchanges; NaN is unknown: it gives NaN, and
                counts for nothing.
            thetas: (n, rows) in [0, 1], break ties.
        """
        parts = [
            self._ranked(scores[start : start + _AT_ONCE], thetas[start : start + _AT_ONCE])
            for start in range(0, len(scores), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.empty(scores.shape)

    def _ranked(
        self, scores: NDArray[np.float64], thetas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        seen = ~np.isnan(scores)
        cells = _cells(np.where(seen, scores, 0.0))
        greater, equal = self._among_past(cells)
        before = _earlier(len(cells)) & seen[None, :, :]  # (n, n, rows): whom each comes after
        greater += (before & (cells[None, :, :] > cells[:, None, :])).sum(axis=1)
        equal += (before & (cells[None, :, :] == cells[:, None, :])).sum(axis=1)
        sizes = self.sizes + before.sum(axis=1) + 1
        self._remember(cells, seen)
        return np.where(seen, (greater + thetas * (equal + 1)) / sizes, np.nan)

    def _among_past(self, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count the past scores in higher cells, and in the same cell: (n, rows) each."""
        rows = np.arange(len(self._counts))
        blocks, offsets = np.divmod(cells, _STEPS)
        totals = self._counts.sum(axis=2)
        above = totals[:, ::-1].cumsum(axis=1)[:, ::-1] - totals
        near = self._counts[rows, blocks]  # (n, rows, steps): the cells of the score's own block
        higher = (near * (np.arange(_STEPS) > offsets[:, :, None])).sum(axis=2)
        return above[rows, blocks] + higher, self._counts[rows, blocks, offsets]

    def _remember(self, cells: NDArray[np.int64], seen: NDArray[np.bool_]) -> None:
        steps, rows = np.nonzero(seen)
        blocks, offsets = np.divmod(cells[steps, rows], _STEPS)
        np.add.at(self._counts, (rows, blocks, offsets), 1)

    def state(self) -> list[dict[str, Any]]:
        """Return what is remembered by row, as JSON: gaps between occupied cells, and counts.

        The numbers are packed (little-endian 32-bit, zlib, base64): a state is saved many times a
        minute, and as plain lists it would cost more than the judging.
        """
        return [{"packed": _packed(counts.reshape(-1))} for counts in self._counts]

    @classmethod
    def restore(cls, state: Sequence[Mapping[str, Any]]) -> ConformalRanks:
        """Return the ranks as they were saved by `state`."""
        ranks = cls([()] * len(state))
        for counts, row in zip(ranks._counts, state, strict=True):
            _unpack(row["packed"], counts.reshape(-1))
        return ranks


@lru_cache(maxsize=1)
def _everything_earlier() -> NDArray[np.bool_]:
    return np.tri(_AT_ONCE, k=-1, dtype=bool)[:, :, None]


def _earlier(n: int) -> NDArray[np.bool_]:
    """Return (n, n, 1): whether the second comes before the first."""
    return _everything_earlier()[:n, :n]


def _packed(counts: NDArray[np.int64]) -> str:
    cells = np.flatnonzero(counts)
    numbers = np.concatenate([np.diff(cells, prepend=0), counts[cells]]).astype("<u4")
    return b64encode(zlib.compress(numbers.tobytes(), level=1)).decode()


def _unpack(packed: str, counts: NDArray[np.int64]) -> None:
    numbers = np.frombuffer(zlib.decompress(b64decode(packed)), dtype="<u4")
    gaps, occupied = np.split(numbers.astype(np.int64), 2)
    counts[np.cumsum(gaps)] = occupied


def _cells(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    sizes = np.minimum(np.abs(scores), _LARGEST)
    mantissas, exponents = np.frexp(sizes)
    offsets = (exponents + _OCTAVES) * _STEPS + ((mantissas - 0.5) * (2 * _STEPS)).astype(np.int64)
    offsets = np.where(sizes < _SMALLEST, 0, offsets)
    return _ZERO + np.where(scores > 0, offsets, -offsets)
