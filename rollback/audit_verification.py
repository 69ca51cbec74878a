"""Checking the audit trail: the first bad row, and what was done to it.

The chain by itself shows edits, deletions and changes of order. Rows cut off its end, and a chain
computed anew from some row on, only anchors show: heads that were kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rollback.audit import GENESIS, AuditRow, hash_of
from rollback.audit_anchors import Anchor
from rollback.errors import RollbackError

_FARTHEST = 1_000  # a row that was moved farther reads as edited; to try all would take minutes


class Tampering(Enum):
    """What happened to the first bad row of a chain."""

    EDITED = "edited"  # means that the row's hash does not fit its own content
    DELETED = "deleted"  # means that one or more rows before it are missing
    REORDERED = "reordered"  # means that it stands in another row's place
    REPLACED = "replaced"  # means that it does not follow from the row before; one was rewritten
    TRUNCATED = "truncated"  # means that the chain is whole, and ends before an anchor's row
    REWRITTEN = "rewritten"  # means that the chain is whole, and an anchor's row is another one


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What checking a chain showed.

    Args:
        rows: how many rows follow from each other, from the first on.
        head: hash of the last good row (64 zeros for none); keep it elsewhere as an anchor.
        bad_seq: number of the first row that is known to be bad.
        reason: one sentence for people.
        anchors: how many anchors were compared; without one neither a cut nor a chain that was
            computed anew can show.
    """

    rows: int
    head: str
    tampering: Tampering | None = None
    bad_seq: int | None = None
    reason: str = "the audit trail is intact"
    anchors: int = 0

    @property
    def intact(self) -> bool:
        """Whether nothing bad was found."""
        return self.tampering is None


def verify(rows: Iterable[AuditRow], anchors: Sequence[Anchor] = ()) -> Verification:
    """Check a chain row by row, in the order given, and name the first bad row.

    Args:
        rows: every row from the first on; read once, so it may be a stream.
        anchors: heads kept elsewhere, in any order.
    """
    remaining = iter(rows)
    wanted = {anchor.seq for anchor in anchors}
    anchored: dict[int, str] = {}
    last: AuditRow | None = None
    for row in remaining:
        found = _broken(last, row, remaining)
        if found is not None:
            return replace(found, anchors=len(anchors))
        if row.seq in wanted:
            anchored[row.seq] = row.hash
        last = row
    whole = Verification(rows=_seq(last), head=_head(last), anchors=len(anchors))
    return _against(anchors, anchored, whole)


def _broken(
    last: AuditRow | None, row: AuditRow, remaining: Iterator[AuditRow]
) -> Verification | None:
    expected = _seq(last) + 1
    if not _fits(row):
        return _misfit(last, row, remaining)
    if row.seq < expected:
        return _found(last, row, Tampering.REORDERED, _OUT_OF_PLACE)
    if row.seq > expected:
        later = any(other.seq == expected for other in remaining)
        if later:
            return _found(last, row, Tampering.REORDERED, _OUT_OF_PLACE)
        return _found(last, row, Tampering.DELETED, _GAP)
    if row.previous != _head(last):
        return _found(last, row, Tampering.REPLACED, _UNLINKED)
    return None


_OUT_OF_PLACE = "the rows were reordered: row {seq} stands where row {expected} belongs"
_GAP = "rows {expected} to {before} were deleted: row {seq} follows row {last}"
_UNLINKED = "row {seq} does not follow from row {last}: one of them was rewritten"
_EDIT = "row {seq} was edited after it was written: its hash does not fit it"
_MOVED = "the rows were reordered: row {seq} was written as row {born}"
_CLOSED_UP = "rows before row {seq} were deleted, and those behind numbered anew: it was row {born}"


def _misfit(last: AuditRow | None, row: AuditRow, remaining: Iterator[AuditRow]) -> Verification:
    """Tell an edit from a row that was written as another number.

    A row that only changed places remembers a row that is still there; after a deletion, what the
    first row behind it remembers is gone.
    """
    born = _born(row)
    if born is None:
        return _found(last, row, Tampering.EDITED, _EDIT)
    if row.previous == _head(last) or any(row.previous == other.hash for other in remaining):
        return _found(last, row, Tampering.REORDERED, _MOVED, born)
    return _found(last, row, Tampering.DELETED, _CLOSED_UP, born)


def _born(row: AuditRow) -> int | None:
    """Return the number under which a row's hash fits it; the nearest ones are tried first."""
    steps = (sign * distance for distance in range(1, _FARTHEST + 1) for sign in (1, -1))
    numbers = (row.seq + step for step in steps if row.seq + step > 0)
    return next((n for n in numbers if _fits(replace(row, seq=n))), None)


def _fits(row: AuditRow) -> bool:
    """Tell whether a row's hash is that of its content; what cannot be hashed was never written."""
    try:
        return hash_of(row) == row.hash
    except (RollbackError, ValueError, RecursionError):
        return False


def _found(
    last: AuditRow | None,
    row: AuditRow,
    tampering: Tampering,
    sentence: str,
    born: int | None = None,
) -> Verification:
    return Verification(
        rows=_seq(last),
        head=_head(last),
        tampering=tampering,
        bad_seq=row.seq,
        reason=sentence.format(
            seq=row.seq, before=row.seq - 1, expected=_seq(last) + 1, last=_seq(last), born=born
        ),
    )


def _against(
    anchors: Sequence[Anchor], anchored: dict[int, str], whole: Verification
) -> Verification:
    """Compare a whole chain with the anchors, the oldest first."""
    agreed = 0
    for anchor in sorted(anchors, key=lambda anchor: anchor.seq):
        if anchor.seq > whole.rows:
            return replace(
                whole,
                tampering=Tampering.TRUNCATED,
                bad_seq=whole.rows + 1,
                reason=f"rows {whole.rows + 1} to {anchor.seq} or more were cut off: {anchor} "
                "remembers them",
            )
        if anchored[anchor.seq] != anchor.hash:
            return replace(
                whole,
                tampering=Tampering.REWRITTEN,
                bad_seq=anchor.seq,
                reason=f"the trail was written anew from a row between {agreed + 1} and "
                f"{anchor.seq} on: {anchor} remembers another row",
            )
        agreed = anchor.seq
    return whole


def _seq(row: AuditRow | None) -> int:
    return 0 if row is None else row.seq


def _head(row: AuditRow | None) -> str:
    return GENESIS if row is None else row.hash
