"""Where a notice goes: by its severity and deployment, later in quiet hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.ports.alerts import Notice, Posting
from monitor.runtime.alerting.quiet_hours import QuietHours

CRITICAL = "critical"
HEARTBEAT = "heartbeat"  # the kind that only a watchman outside gets
RECEIVER_GONE = "receiver"  # the kind that every other receiver gets
_RANKS = {"info": 0, "warning": 1, CRITICAL: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What some receivers get.

    Args:
        severity: the least.
        deployments: `None` is all of them, and what concerns none.
    """

    receivers: tuple[str, ...]
    severity: str = "info"
    deployments: frozenset[str] | None = None

    def takes(self, notice: Notice) -> bool:
        """Tell whether a notice goes this way."""
        concerned = self.deployments is None or notice.facts.get("deployment") in self.deployments
        return concerned and rank(notice.severity) >= rank(self.severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who is told what, and when.

    Args:
        receivers: every receiver, in the configuration's order.
        routes: without one, every receiver gets everything.
        quiet: receiver → its quiet hours.
        escalations: receiver → the one that gets what it does not.
        heartbeat: the receiver that must hear regularly that all is well.
        group_within: how long after a message its like are collected into one; zero: never.
        cool_down: how long the same notice is not told again.
        escalate_after: how long a delivery may fail.
    """

    receivers: tuple[str, ...]
    routes: tuple[Route, ...] = ()
    quiet: Mapping[str, QuietHours] = field(default_factory=dict)
    escalations: Mapping[str, str] = field(default_factory=dict)
    heartbeat: str | None = None
    group_within: timedelta = timedelta(0)
    cool_down: timedelta = timedelta(0)
    escalate_after: timedelta = timedelta(minutes=15)

    def postings(
        self, notice: Notice, away: frozenset[str], now: datetime, to: Sequence[str] = ()
    ) -> Sequence[Posting]:
        """Return where a notice goes, each receiver once.

        Args:
            away: receivers out of use; what they would get goes where it escalates to.
            to: who must get it whatever the routes say, if anybody must.
        """
        wanted = [each for each in to if each in self.receivers] or self._wanted(notice)
        standing_in = (self._in_use(receiver, away) for receiver in wanted)
        chosen = dict.fromkeys(receiver for receiver in standing_in if receiver is not None)
        if not chosen and notice.severity == CRITICAL:
            chosen = dict.fromkeys(each for each in self.receivers if each not in away)
        return [self._posting(receiver, notice, now) for receiver in chosen]

    def _wanted(self, notice: Notice) -> Iterator[str]:
        if notice.kind == HEARTBEAT:
            return iter(() if self.heartbeat is None else (self.heartbeat,))
        everyone = (each for each in self.receivers if each != self.heartbeat)
        if notice.kind == RECEIVER_GONE or not self.routes:
            return everyone
        routes = (route for route in self.routes if route.takes(notice))
        return (receiver for route in routes for receiver in route.receivers)

    def _in_use(self, receiver: str, away: frozenset[str]) -> str | None:
        passed = {receiver}
        while receiver in away:
            following = self.escalations.get(receiver)
            if following is None or following in passed:
                return None
            passed.add(following)
            receiver = following
        return receiver

    def _posting(self, receiver: str, notice: Notice, now: datetime) -> Posting:
        critical = notice.severity == CRITICAL
        quiet = self.quiet.get(receiver)
        until = None if critical or quiet is None else quiet.end_after(now)
        window = timedelta(0) if critical else self.group_within
        return Posting(
            receiver=receiver,
            due_at=until or now,
            window=window if self.group_within else None,
        )


def rank(severity: str) -> int:
    """Return how severe: an unknown word counts as the most severe."""
    return _RANKS.get(severity, _RANKS[CRITICAL])
