"""The audit trail: a hash chain over canonical JSON (RFC 8785)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
