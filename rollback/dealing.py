"""Dealing callers to two versions at random: sticky, by a hash that no caller can choose."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Self

_DIGITS = 16  # hexadecimal, of a hash of 64 bits


@dataclass(frozen=True, slots=True)
class Dealt:
    """One caller's lot in a canary.

    Args:
        canary: id of the canary, the salt of the hash.
        caller: 16 hexadecimal digits: the caller's hash under the salt, evenly spread.
        share: of the callers that the candidate gets, in [0, 1], when the request was dealt.
    """

    canary: str
    caller: str
    share: float

    @property
    def to_candidate(self) -> bool:
        """Whether the candidate is to answer; who is with it stays there while the share grows."""
        return int(self.caller, 16) < self.share * 2.0**64

    def __str__(self) -> str:
        """Return it as a tag of the exchange, which `parse` reads."""
        return f"{self.canary} {self.caller} {self.share!r}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what a tag says; `None` if it is none."""
        parts = text.split(" ")
        if len(parts) != 3 or len(parts[1]) != _DIGITS:
            return None
        try:
            int(parts[1], 16)
            share = float(parts[2])
        except ValueError:
            return None
        sound = math.isfinite(share) and 0.0 <= share <= 1.0
        return cls(parts[0], parts[1], share) if sound else None


def deal(canary: str, key: str, share: float) -> Dealt:
    """Return the lot of a caller; the same key has the same hash throughout a canary.

    >>> deal("c1", "ann", 1.0).to_candidate, deal("c1", "ann", 0.0).to_candidate
    (True, False)
    """
    digest = hashlib.blake2b(f"{canary} {key}".encode(), digest_size=_DIGITS // 2).hexdigest()
    return Dealt(canary, digest, share)
