"""Whether a notice leaves as a message of its own, joins one that waits, or was told already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.ports.alerts import Notice, Posting
from rollback.canonical import canonical

_TOLD_BY = ("deployment", "incident", "from", "to", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A message to a receiver, which others of its topic may join until it is first sent."""

    notice: str
    opened_at: datetime
    due_at: datetime | None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a notice is put: it joins a message, repeats one, or leaves by itself at `due_at`."""

    joined: str | None = None
    repeats: str | None = None
    due_at: datetime | None = None


def topic(notice: Notice) -> str:
    """Return what is grouped: the same deployment, kind and severity."""
    return "|".join((str(notice.facts.get("deployment") or ""), notice.kind, notice.severity))


def likeness(notice: Notice) -> str:
    """Return what makes two notices the same news.

    A condition is told once by its beginning and once by its end, so none of them repeats another.
    """
    if "condition" in notice.facts:
        return notice.id
    told = {key: str(notice.facts.get(key)) for key in _TOLD_BY}
    news = canonical({"topic": topic(notice), "title": notice.title, **told})
    return hashlib.sha256(news).hexdigest()


def place(
    posting: Posting,
    now: datetime,
    *,
    newest: Lead | None,
    alike: Lead | None,
    cool_down: timedelta,
) -> Placement:
    """Place a notice.

    Args:
        newest: the receiver's newest message on the topic.
        alike: the receiver's newest message with the same news.
    """
    if alike is not None and alike.started_at and now - alike.opened_at < cool_down:
        return Placement(repeats=alike.notice)
    if posting.window is None or newest is None:
        return Placement(due_at=posting.due_at)
    if newest.started_at is None and newest.due_at is not None:
        return Placement(joined=newest.notice)
    told_at = newest.started_at or newest.opened_at
    return Placement(
        due_at=max(posting.due_at, min(told_at + posting.window, now + posting.window))
    )
