"""Refused requests in the audit log: enough to see an attempt, never enough to flood the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import structlog

from monitor.errors import Unavailable
from monitor.ports.audit import AuditLog

log = structlog.get_logger(__name__)

_STRANGER = "stranger"  # acts of somebody who showed nothing that names them


class Refused(Enum):
    """Why a request was refused."""

    NO_TOKEN = "no token"  # means that it showed neither a token nor a session
    WRONG_TOKEN = "wrong token"  # means that its token is nobody's
    NO_SESSION = "unknown session"  # means that its session is forged, closed, expired or another's
    CSRF = "forged request"  # means that it had a session and not that session's CSRF token
    ROLE = "role"  # means that who sent it may look and not act
    UNKNOWN_PERSON = "unknown person"  # means that the proxy named somebody without a role


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A refused request.

    Args:
        who: the person's name, `None` if nobody knows it.
        claimed: name that somebody unknown gave.
        peer: the address that it came from.
    """

    refused: Refused
    who: str | None
    method: str
    path: str
    peer: str
    claimed: str = ""


class Refusals:
    """Writes refused requests into the audit log.

    Each kind has a budget of its own, so that many wrong tokens hide no forged request. What comes
    beyond it is counted, and the next row of the kind says how many that were.

    Args:
        burst: rows of one kind that may come at once.
        every: how often one more may.
    """

    def __init__(
        self,
        audit: AuditLog,
        clock: Callable[[], datetime],
        *,
        burst: int = 10,
        every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._audit = audit
        self._clock = clock
        self._burst = burst
        self._every = every
        self._budgets: dict[Refused, _Budget] = {}

    def note(self, attempt: Attempt) -> None:
        """Write an attempt down, or count it. Blocks; never raises because Postgres is away."""
        now = self._clock()
        budget = self._budgets.setdefault(attempt.refused, _Budget(left=self._burst, at=now))
        if not budget.spend(now, self._burst, self._every):
            return
        try:
            self._audit.append(
                actor=attempt.who or _STRANGER,
                action="access.refused",
                subject=attempt.refused.value,
                payload=_facts(attempt, budget.take_uncounted()),
                at=now,
            )
        except Unavailable as error:
            log.warning("refusal_not_recorded", refused=attempt.refused.value, error=str(error))


@dataclass(slots=True, kw_only=True)
class _Budget:
    left: float
    at: datetime
    unwritten: int = 0

    def spend(self, now: datetime, burst: int, every: timedelta) -> bool:
        """Take one from what is left, which grows with time."""
        self.left = min(float(burst), self.left + max(0.0, (now - self.at) / every))
        self.at = now
        if math.floor(self.left) < 1:
            self.unwritten += 1
            return False
        self.left -= 1
        return True

    def take_uncounted(self) -> int:
        """Return how many were not written since the last one."""
        unwritten, self.unwritten = self.unwritten, 0
        return unwritten


def _facts(attempt: Attempt, unwritten: int) -> Mapping[str, Any]:
    facts = {"method": attempt.method, "path": attempt.path[:200], "peer": attempt.peer}
    claimed = {"claimed": attempt.claimed[:200]} if attempt.claimed else {}
    return facts | claimed | ({"unwritten_before": unwritten} if unwritten else {})
