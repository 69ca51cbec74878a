"""A cap on how much of the statistics one caller can be.

Whose answers count is decided by the sequence of callers alone, before any answer is looked at: so
each bet is as fair, given the past, on the answers that count as on all of them, and average run
lengths hold in answers that count, hence in answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 300  # answers, counted or not
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

    A caller's allowance a is the larger of `cap` and twice its share in the reference. Beside n
    answers of others in the window, a/(1-a)·n of its own count, and one where that is less. A caller
    with half of the reference or more is not capped. Nor is anybody once a whole window has passed
    without a caller of the reference: then it says nothing about who calls now (tokens were renewed,
    say), and a deployment must not go unwatched.

    Args:
        cap: in (0, 1]; 1 is no cap.
        usual: caller → share in the reference, each in (0, 1]; where it is empty, nobody is capped:
            then callers are not known here.
        window: answers looked back on.

    Raises:
        ValueError: if `cap` is not in (0, 1].

    >>> ShareCap(0.25, {"a": 0.1, "b": 0.9}).update(["b"] * 3 + ["c"] * 5).tolist()
    [True, True, True, True, False, False, False, False]
    """

    def __init__(self, cap: float, usual: Mapping[str, float], *, window: int = WINDOW) -> None:
        if not 0.0 < cap <= 1.0:
            raise ValueError(f"a caller's share of {cap} must lie above 0 and be at most 1")
        self._cap = cap
        self._usual = dict(usual)
        self._window = window
        self._recent: deque[tuple[str | None, bool]] = deque()
        self._came: Counter[str | None] = Counter()
        self._counted: Counter[str | None] = Counter()
        self._of_reference = 0
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
        counts = caller is None or self._counted[caller] + 1 <= self._allowed(caller)
        if len(self._recent) == self._window:
            self._forget()
        self._recent.append((caller, counts))
        self._of_reference += caller in self._usual
        self._came[caller] += 1
        self._counted[caller] += counts
        self._capped += not counts
        return counts

    def _allowed(self, caller: str) -> float:
        share = max(self._cap, 2.0 * self._usual.get(caller, 0.0))
        if share >= 1.0 or (len(self._recent) == self._window and not self._of_reference):
            return float("inf")
        others = len(self._recent) - self._came[caller]
        return max(1.0, share / (1.0 - share) * others)

    def _forget(self) -> None:
        caller, counted = self._recent.popleft()
        self._of_reference -= caller in self._usual
        self._came[caller] -= 1
        self._counted[caller] -= counted
        if not self._came[caller]:
            del self._came[caller], self._counted[caller]

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on, as JSON."""
        names = list(dict.fromkeys(caller for caller, _ in self._recent))
        numbers = {name: number for number, name in enumerate(names)}
        return {
            "usual": self._usual,
            "callers": names,
            "recent": [numbers[caller] for caller, _ in self._recent],
            "counted": "".join("1" if counted else "0" for _, counted in self._recent),
            "capped": self._capped,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, beside the reference of then."""
        self._usual = dict(state["usual"])
        names = [state["callers"][number] for number in state["recent"]]
        came = list(zip(names, (each == "1" for each in state["counted"]), strict=True))
        self._recent = deque(islice(came, max(len(came) - self._window, 0), None))
        self._came = Counter(caller for caller, _ in self._recent)
        self._counted = Counter(caller for caller, counted in self._recent if counted)
        self._of_reference = sum(caller in self._usual for caller, _ in self._recent)
        self._capped = state["capped"]
