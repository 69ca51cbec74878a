"""Anchors: heads of the audit trail, kept where whoever changes the trail cannot change them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from rollback.times import require_aware

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What the trail's newest row was at a moment.

    Args:
        seq: number of the row, from 1.
        hash: the row's hash, 64 hexadecimal digits.

    Raises:
        ValueError: if a part has another form.
    """

    seq: int
    hash: str
    at: datetime | None = None

    def __post_init__(self) -> None:
        if type(self.seq) is not int or self.seq < 1:
            raise ValueError(f"an anchor's row is a number from 1, not {self.seq!r}")
        if not isinstance(self.hash, str) or not _HASH.fullmatch(self.hash):
            raise ValueError("an anchor's hash has 64 hexadecimal digits")
        require_aware("anchor", at=self.at)

    def __str__(self) -> str:
        """Name it in a sentence."""
        when = "" if self.at is None else f" of {self.at:%Y-%m-%d %H:%M:%S}Z"
        return f"the anchor{when} at row {self.seq}"


def parse(text: str) -> Anchor:
    """Return the anchor that a person writes as `ROW:HASH`.

    Raises:
        ValueError: if it has another form.
    """
    seq, _, found = text.strip().partition(":")
    if not seq.isdigit():
        raise ValueError("write an anchor as ROW:HASH, like 42:9f86d0…")
    return Anchor(seq=int(seq), hash=found)
