"""What is kept for how long, and what is erased because somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What is gone of a subject.

    Args:
        subject: keyed hash of the subject, hexadecimal: the same for the same subject, and nobody
            without the database's key can tell whose it is.
        exchanges, feedback: rows deleted; observations: of the judges, made nameless.
    """

    subject: str
    exchanges: int
    feedback: int
    observations: int


class Retention(Protocol):
    """Deletes what is older than it may be kept, and what belongs to a subject."""

    def due(self, keep: Mapping[str, timedelta], now: datetime) -> Mapping[str, int]:
        """Return how many rows of each kind are older than it may be kept; change nothing.

        Args:
            keep: kind → how long. Kinds are those of the configuration's section `retention`.

        Raises:
            BadRequest: for an unknown kind.
        """

    def expire(self, keep: Mapping[str, timedelta], now: datetime) -> Mapping[str, int]:
        """Delete them, in a transaction for each kind; return how many they were."""

    def erase(self, subject: str, *, actor: str, at: datetime) -> Erased:
        """Delete the answers of a subject and what was said of them; add a row to the audit trail.

        An answer belongs to the subject if its caller, or its tag `subject` or `user`, is exactly
        that. The audit row has the keyed hash and the counts, and no name. All of it is one
        transaction. Indicators stay: they are sums. Repeating it is harmless.
        """
