"""The audit trail: a hash chain over canonical JSON (RFC 8785).

Each row's hash covers its own fields and the hash of the row before, so an edit, a deletion or a
change of order anywhere breaks the chain at that place. Two things a chain alone cannot show: rows
cut off its end, and a chain computed anew from some row on. Keep a row's hash elsewhere and hand
it to `verify` as the anchor: then both show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from rollback.canonical import canonical, plain
from rollback.times import iso

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One act: who did what to which thing, when, why and with which numbers.

    Args:
        seq: counted from 1 without gaps.
        previous: hash of the row before; 64 zeros for the first.
        hash: SHA-256 (hexadecimal) of `previous` and the canonical JSON of the other fields.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    payload: Mapping[str, Any]
    previous: str
    hash: str


class Tampering(Enum):
    """What happened to the first bad row of a chain."""

    EDITED = "edited"  # means that the row's hash does not fit its own content
    DELETED = "deleted"  # means that one or more rows before it are missing
    REORDERED = "reordered"  # means that the rows are not in the order in which they were written
    REPLACED = "replaced"  # means that it does not follow from the row before; one was rewritten
    CUT = "cut"  # means that the chain is whole, but the row of the anchor is not in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What checking a chain showed.

    Args:
        rows: how many rows follow from each other, from the first on.
        head: hash of the last good row (64 zeros for none); keep it elsewhere as an anchor.
        bad_seq: number of the first bad row.
        reason: one sentence for people.
    """

    rows: int
    head: str
    tampering: Tampering | None = None
    bad_seq: int | None = None
    reason: str = "the audit trail is intact"

    @property
    def intact(self) -> bool:
        """Whether nothing bad was found."""
        return self.tampering is None


def next_row(
    previous: AuditRow | None,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
) -> AuditRow:
    """Return the row that follows `previous`; its payload is in JSON's own types.

    Raises:
        NotCanonical: if the payload has parts without a JSON form.
        ValueError: if `at` is naive.
    """
    seq = 1 if previous is None else previous.seq + 1
    link = GENESIS if previous is None else previous.hash
    facts = plain(payload)
    return AuditRow(
        seq=seq,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        payload=facts,
        previous=link,
        hash=_hash(seq, at, actor, action, subject, facts, link),
    )


def verify(rows: Iterable[AuditRow], *, anchor: str | None = None) -> Verification:
    """Check a chain row by row, in the order given, and name the first bad row.

    Args:
        rows: every row from the first on; read once, so it may be a stream.
        anchor: hash of a row that must be there, kept elsewhere since it was written.
    """
    remaining = iter(rows)
    last: AuditRow | None = None
    anchored = anchor is None
    for row in remaining:
        tampering = _tampering(last, row, remaining)
        if tampering is not None:
            return _broken(last, row, tampering)
        anchored = anchored or row.hash == anchor
        last = row
    if not anchored:
        return _cut(last)
    return Verification(rows=_seq(last), head=_head(last))


def _tampering(
    last: AuditRow | None, row: AuditRow, remaining: Iterator[AuditRow]
) -> Tampering | None:
    if row.hash != _hash_of(row):
        return Tampering.EDITED
    expected = _seq(last) + 1
    if row.seq < expected:
        return Tampering.REORDERED
    if row.seq > expected:
        later = any(other.seq == expected for other in remaining)
        return Tampering.REORDERED if later else Tampering.DELETED
    if row.previous != _head(last):
        return Tampering.REPLACED
    return None


_SENTENCES = {
    Tampering.EDITED: "row {seq} was edited after it was written: its hash does not fit it",
    Tampering.DELETED: "rows {expected} to {before} were deleted: row {seq} follows row {last}",
    Tampering.REORDERED: "the rows were reordered: row {seq} stands where row {expected} belongs",
    Tampering.REPLACED: "row {seq} does not follow from row {last}: one of them was rewritten",
}


def _broken(last: AuditRow | None, row: AuditRow, tampering: Tampering) -> Verification:
    sentence = _SENTENCES[tampering].format(
        seq=row.seq, before=row.seq - 1, expected=_seq(last) + 1, last=_seq(last)
    )
    return Verification(
        rows=_seq(last),
        head=_head(last),
        tampering=tampering,
        bad_seq=row.seq,
        reason=sentence,
    )


def _cut(last: AuditRow | None) -> Verification:
    return Verification(
        rows=_seq(last),
        head=_head(last),
        tampering=Tampering.CUT,
        bad_seq=_seq(last) + 1,
        reason=f"the row of the anchor is missing: the trail was cut after row {_seq(last)}, "
        "or written anew",
    )


def _seq(row: AuditRow | None) -> int:
    return 0 if row is None else row.seq


def _head(row: AuditRow | None) -> str:
    return GENESIS if row is None else row.hash


def _hash_of(row: AuditRow) -> str:
    return _hash(row.seq, row.at, row.actor, row.action, row.subject, row.payload, row.previous)


def _hash(
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
    previous: str,
) -> str:
    content = {
        "seq": seq,
        "at": iso(at),
        "actor": actor,
        "action": action,
        "subject": subject,
        "payload": payload,
    }
    return hashlib.sha256(previous.encode() + canonical(content)).hexdigest()
