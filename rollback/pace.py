"""How often a deployment may be rolled back by itself."""

from __future__ import annotations

from datetime import datetime

from rollback.durations import spell
from rollback.policy import Policy


def recent(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> int:
    """Count the rollbacks within the policy's window."""
    return sum(now - moment < policy.rollback_window for moment in rollbacks)


def limit(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> str | None:
    """Say that there were as many as are allowed, or `None`."""
    count = recent(rollbacks, policy, now)
    if count < policy.max_rollbacks:
        return None
    return f"{count} rollbacks within {spell(policy.rollback_window)} are the most allowed"


def cooling(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> str | None:
    """Say that the last one is too recent, or `None`."""
    since = now - max(rollbacks) if rollbacks else None
    if since is None or since >= policy.cool_down:
        return None
    return (
        f"the last rollback was {spell(since)} ago and the cool-down is {spell(policy.cool_down)}"
    )
