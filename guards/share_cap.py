"""A cap on how much of the statistics one caller can be.

Whose answers count is decided by the sequence of callers alone, before any answer is looked at: so
each bet is as fair, given the past, on the answers that count as on all of them, and average run
lengths hold in answers that count, hence in answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 300  # answers, counted or not
_DEPTH = 2  # answers in a row; with 1, callers as usual as ever would lose two answers in five
_SLACK = 1e-9  # for sums of 1/share
_HASH_BYTES = 8


def hashed(caller: str, key: bytes) -> str:
    """Return what is kept of a caller: a hash under a secret key of up to 64 bytes."""
    return hashlib.blake2b(caller.encode(), digest_size=_HASH_BYTES, key=key).hexdigest()


def shares(callers: Iterable[str | None]) -> dict[str, float]:
    """Return the share of each caller in some answers; none at all where no caller is known.

    >>> shares(["a", "b", "b", None])
    {'a': 0.25, 'b': 0.5}
    """
    counts = Counter(callers)
    total = counts.total()
    return {name: count / total for name, count in sorted(_named(counts))}


def _named(counts: Counter[str | None]) -> Iterable[tuple[str, int]]:
    return ((name, count) for name, count in counts.items() if name is not None)


class ShareCap:
    """Says which answers count, so that a caller is no more than its share of those that do.

    A caller's allowance a is the larger of `cap` and twice its share in the reference. Its answers
    count by a token bucket: each takes a token, a token comes back with every 1/a answers that
    count, anybody's, and a bucket holds two. So however long a caller was quiet, two answers in a
    row count and the next only after (1-a)/a of others. A caller with half of the reference or more
    is not capped. Nor is anybody once a whole window has passed without a caller of the reference:
    then it says nothing about who calls now (tokens were renewed, say), and a deployment must not
    go unwatched.

    Args:
        cap: in (0, 1]; 1 is no cap.
        usual: caller → share in the reference, each in (0, 1]; where it is empty, nobody is capped:
            then callers are not known here.
        window: answers looked back on for callers of the reference.

    Raises:
        ValueError: if `cap` is not in (0, 1].

    >>> ShareCap(0.25, {"a": 0.1, "b": 0.9}).update(["b"] * 3 + ["c"] * 5).tolist()
    [True, True, True, True, True, False, False, False]
    """

    def __init__(self, cap: float, usual: Mapping[str, float], *, window: int = WINDOW) -> None:
        if not 0.0 < cap <= 1.0:
            raise ValueError(f"a caller's share of {cap} must lie above 0 and be at most 1")
        self._cap = cap
        self._usual = dict(usual)
        self._window = window
        self._counted = 0
        self._full_at: dict[str, float] = {}  # when buckets will be full, in answers that count
        self._strange = 0  # answers since the last one of a caller of the reference
        self._capped = 0

    @property
    def capped(self) -> int:
        """How many answers were left out so far."""
        return self._capped

    def update(self, callers: Sequence[str | None]) -> NDArray[np.bool_]:
        """Take in the callers of the next answers (`None`: unknown); return whether each counts."""
        if not self._usual or self._cap == 1.0:
            return np.ones(len(callers), dtype=bool)
        return np.array([self._next(caller) for caller in callers], dtype=bool)

    def _next(self, caller: str | None) -> bool:
        counts = caller is None or self._takes_a_token(caller)
        self._strange = 0 if caller in self._usual else self._strange + 1
        self._counted += counts
        self._capped += not counts
        return counts

    def _takes_a_token(self, caller: str) -> bool:
        share = max(self._cap, 2.0 * self._usual.get(caller, 0.0))
        if share >= 1.0 or self._strange >= self._window:
            return True
        full_at = self._full_at.get(caller, 0.0)
        if full_at > self._counted + (_DEPTH - 1) / share + _SLACK:
            return False
        if len(self._full_at) >= self._most:
            self._forget()
        self._full_at[caller] = max(full_at, self._counted) + 1.0 / share
        return True

    @property
    def _most(self) -> float:
        """Twice as many as can have a bucket that is not full: each took a token not long ago."""
        return 2.0 * _DEPTH / self._cap + 1.0

    def _forget(self) -> None:
        """Drop full buckets: a caller without one has a full one."""
        self._full_at = {caller: at for caller, at in self._full_at.items() if at > self._counted}

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on, as JSON."""
        self._forget()
        return {
            "usual": self._usual,
            "counted": self._counted,
            "full_at": dict(self._full_at),
            "strange": self._strange,
            "capped": self._capped,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, beside the reference of then."""
        self._usual = dict(state["usual"])
        self._counted = state["counted"]
        self._full_at = dict(state["full_at"])
        self._strange = state["strange"]
        self._capped = state["capped"]
