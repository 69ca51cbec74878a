"""Online conformal p-values: how odd is a score among all that came before it?

Source: Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random World* (2nd ed., 2022),
chapter 8: if reference and stream are exchangeable, smoothed p-values by rank among everything
seen so far are independent and uniform on (0, 1), whatever the distribution.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
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
_DIGITS = 24  # a cell's number is written with three digits to the base 24: what is above is summed
_CELLS = _DIGITS**3  # digit by digit
_ONE = np.int32(1)  # of the counts' own type: with any other, adding takes ten times as long
_ABOVE = np.triu(np.ones((_DIGITS, _DIGITS), dtype=np.int32), k=1)  # which digits are above one
_AT_ONCE = 64  # exchanges that are ranked together: a bit of a number each
_NOBODY = -1  # cell of an exchange without a score


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

    A row is a channel with a past of its own. With categories, each score is ranked among those of
    its own category alone (Mondrian conformal prediction, chapter 4.6 there). Within a batch, each
    score is ranked among those of the earlier exchanges as if they had come one by one.

    Args:
        references: for each row, nonconformity scores (m,), large is odd; may be empty.
        categories: for each row, the category of each of them, from 0 to `count` - 1; all 0 if left
            out.
        count: number of categories.

    Raises:
        ValueError: if a reference score is NaN.

    >>> ranks = ConformalRanks([[1.0, 2.0, 3.0]])
    >>> ranks.p_values(np.array([[10.0], [0.0]]), np.array([[0.5], [0.5]])).tolist()
    [[0.125], [0.9]]
    >>> ranks = ConformalRanks([[1.0, 2.0, 3.0]], [[0, 0, 1]], count=2)
    >>> ranks.p_values(np.array([[10.0]]), np.array([[0.5]]), np.array([1])).tolist()
    [[0.25]]
    """

    def __init__(
        self,
        references: Sequence[Sequence[float] | NDArray[np.float64]],
        categories: Sequence[Sequence[int] | NDArray[np.int64]] | None = None,
        count: int = 1,
    ) -> None:
        self._count = count
        keys = len(references) * count  # a key is a category of a row
        # How many scores there are by key and the first digits of their cells: one, two, all three.
        self._levels = [
            np.zeros((keys * _DIGITS**digits, _DIGITS), dtype=np.int32) for digits in range(3)
        ]
        for row, reference in enumerate(references):
            scores = np.asarray(reference, dtype=np.float64)
            if np.isnan(scores).any():
                raise ValueError("a reference score is NaN; leave it out instead")
            own = np.zeros(len(scores), np.int64) if categories is None else categories[row]
            self._remember(row * count + np.asarray(own, dtype=np.int64), _cells(scores))

    @property
    def count(self) -> int:
        """The number of categories."""
        return self._count

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many scores are remembered, by row."""
        return np.asarray(self._levels[0].reshape(-1, self._count * _DIGITS).sum(axis=1))

    def p_values(
        self,
        scores: NDArray[np.float64],
        thetas: NDArray[np.float64],
        categories: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float64]:
        """Return p-values (n, rows): large score, small p. Then count the scores among the past.

        Args:
            scores: (n, rows) in the order of the exchanges; NaN is unknown: it gives NaN, and
                counts for nothing.
            thetas: (n, rows) in [0, 1], break ties.
            categories: (n,), of the exchanges; all 0 if left out.
        """
        own = np.zeros(len(scores), dtype=np.int64) if categories is None else categories
        parts = [
            self._ranked(scores[part], thetas[part], own[part])
            for part in (
                slice(start, start + _AT_ONCE) for start in range(0, len(scores), _AT_ONCE)
            )
        ]
        return np.concatenate(parts) if parts else np.empty(scores.shape)

    def _ranked(
        self,
        scores: NDArray[np.float64],
        thetas: NDArray[np.float64],
        categories: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        seen = ~np.isnan(scores)
        cells = _cells(np.where(seen, scores, 0.0))
        keys = np.arange(scores.shape[1]) * self._count + categories[:, None]
        greater, equal = self._among_past(keys, cells)
        others = np.full((scores.shape[1], _AT_ONCE), _NOBODY, dtype=np.int16)
        others[:, : len(scores)] = np.where(seen, cells, _NOBODY).T
        own = others[:, : len(scores), None]
        before = _bits(_comes_before(categories))
        greater += np.bitwise_count(_bits(others[:, None, :] > own) & before).T
        equal += np.bitwise_count(_bits(others[:, None, :] == own) & before).T
        beside = np.bitwise_count(_bits(others != _NOBODY)[:, None] & before).T
        sizes = self._levels[0].sum(axis=1)[keys] + beside + 1
        self._remember(keys[seen], cells[seen])
        return np.where(seen, (greater + thetas * (equal + 1)) / sizes, np.nan)

    def _among_past(
        self, keys: NDArray[np.int64], cells: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count the past scores in higher cells, and in the same cell: (n, rows) each."""
        higher = np.zeros(cells.shape, dtype=np.int64)
        for level, (places, digits) in zip(self._levels, _addresses(keys, cells), strict=True):
            higher += np.einsum("nrd,nrd->nr", level[places], _ABOVE[digits])
        return higher, self._levels[-1][places, digits].astype(np.int64)

    def _remember(self, keys: NDArray[np.int64], cells: NDArray[np.int64]) -> None:
        for level, (places, digits) in zip(self._levels, _addresses(keys, cells), strict=True):
            np.add.at(level.reshape(-1), places * _DIGITS + digits, _ONE)

    def state(self) -> list[dict[str, Any]]:
        """Return what is remembered by row, as JSON: gaps between occupied cells, and counts.

        The numbers are packed (little-endian 32-bit, zlib, base64): a state is saved many times a
        minute, and as plain lists it would cost more than the judging.
        """
        rows = self._levels[-1].reshape(-1, self._count * _CELLS)
        return [{"packed": _packed(counts), "categories": self._count} for counts in rows]

    @classmethod
    def restore(cls, state: Sequence[Mapping[str, Any]]) -> ConformalRanks:
        """Return the ranks as they were saved by `state`."""
        ranks = cls([()] * len(state), count=state[0]["categories"] if state else 1)
        width = ranks._count * _CELLS
        counts = ranks._levels[-1].reshape(-1)
        for row, saved in enumerate(state):
            _unpack(saved["packed"], counts[row * width : (row + 1) * width])
        for shorter, longer in ((1, 2), (0, 1)):
            ranks._levels[shorter].reshape(-1)[:] = ranks._levels[longer].sum(axis=1)
        return ranks


def _addresses(
    keys: NDArray[np.int64], cells: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield for each level the rows and columns of its table where cells are counted."""
    first, rest = np.divmod(cells, _DIGITS**2)
    second, third = np.divmod(rest, _DIGITS)
    yield keys, first
    places = keys * _DIGITS + first
    yield places, second
    yield places * _DIGITS + second, third


def _comes_before(categories: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (n, 64): whether the second is of the same category and comes before the first."""
    before = np.zeros((len(categories), _AT_ONCE), dtype=bool)
    before[:, : len(categories)] = np.tril(categories[:, None] == categories[None, :], k=-1)
    return before


def _bits(found: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return (…, 64) flags as the bits of one number each, to be counted at once."""
    return np.packbits(found, axis=-1).view(np.uint64)[..., 0]


def _packed(counts: NDArray[np.int32]) -> str:
    cells = np.flatnonzero(counts)
    numbers = np.concatenate([np.diff(cells, prepend=0), counts[cells]]).astype("<u4")
    return b64encode(zlib.compress(numbers.tobytes(), level=1)).decode()


def _unpack(packed: str, counts: NDArray[np.int32]) -> None:
    numbers = np.frombuffer(zlib.decompress(b64decode(packed)), dtype="<u4")
    gaps, occupied = np.split(numbers.astype(np.int64), 2)
    counts[np.cumsum(gaps)] = occupied


def _cells(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    sizes = np.minimum(np.abs(scores), _LARGEST)
    mantissas, exponents = np.frexp(sizes)
    offsets = (exponents + _OCTAVES) * _STEPS + ((mantissas - 0.5) * (2 * _STEPS)).astype(np.int64)
    offsets = np.where(sizes < _SMALLEST, 0, offsets)
    return _ZERO + np.where(scores > 0, offsets, -offsets)
