"""The audit trail: a hash chain over canonical JSON (RFC 8785).

Each row's hash covers its own fields and the hash of the row before, so an edit, a deletion or a
change of order anywhere breaks the chain at that place. See `audit_verification`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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


def hash_of(row: AuditRow) -> str:
    """Return the hash that fits a row's content and the row that it remembers."""
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
