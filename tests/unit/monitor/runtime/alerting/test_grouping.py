"""One message for many notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.ports.alerts import Posting
from monitor.runtime.alerting.grouping import Lead, Placement, likeness, place, topic
from tests.unit.monitor.alerts.builders import FACTS, notice

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
POSTING = Posting(receiver="chat", due_at=NOW, window=5 * MINUTE)


def lead(minutes_ago: int, *, sent: bool = True) -> Lead:
    """Return a message that was opened so long ago, and sent at once or waits."""
    opened = NOW - minutes_ago * MINUTE
    return Lead(
        notice="first",
        opened_at=opened,
        due_at=None if sent else opened,
        started_at=opened if sent else None,
    )


def put(newest: Lead | None, alike: Lead | None = None, posting: Posting = POSTING) -> Placement:
    """Place a notice now."""
    return place(posting, NOW, newest=newest, alike=alike, cool_down=HOUR)


def test_the_first_leaves_at_once() -> None:
    """Nobody waits for what may follow."""
    assert put(None) == Placement(due_at=NOW)


def test_the_next_waits_for_the_windows_end() -> None:
    """And is the message that the following join."""
    assert put(lead(2)) == Placement(due_at=NOW + 3 * MINUTE)


def test_the_following_join_it() -> None:
    """As long as it was not sent."""
    assert put(lead(2, sent=False)) == Placement(joined="first")


def test_after_the_window_one_leaves_at_once_again() -> None:
    """The last message is old."""
    assert put(lead(6)) == Placement(due_at=NOW)


def test_quiet_hours_are_not_cut_short_by_a_window() -> None:
    """The later of both counts."""
    held = Posting(receiver="chat", due_at=NOW + HOUR, window=5 * MINUTE)
    assert put(lead(2), posting=held) == Placement(due_at=NOW + HOUR)


def test_what_is_critical_joins_only_what_waits() -> None:
    """It never waits for a window."""
    critical = Posting(receiver="chat", due_at=NOW, window=timedelta(0))
    assert put(lead(2), posting=critical) == Placement(due_at=NOW)
    assert put(lead(0, sent=False), posting=critical) == Placement(joined="first")


def test_without_a_window_nothing_joins() -> None:
    """Grouping is off."""
    apart = Posting(receiver="chat", due_at=NOW, window=None)
    assert put(lead(1, sent=False), posting=apart) == Placement(due_at=NOW)


def test_the_same_news_is_not_told_again_while_it_cools_down() -> None:
    """After that it is news again."""
    assert put(lead(59), lead(59)) == Placement(repeats="first")
    assert put(lead(61), lead(61)) == Placement(due_at=NOW)


def test_the_same_news_joins_what_was_not_sent() -> None:
    """So that the message says how often it happened."""
    assert put(lead(1, sent=False), lead(1, sent=False)) == Placement(joined="first")


def test_a_topic_is_deployment_kind_and_severity() -> None:
    """Nothing critical joins what may wait."""
    assert topic(notice(deployment="support", kind="golden")) == "support|golden|critical"
    assert topic(notice(kind="unwell", severity="warning")) == "|unwell|warning"


def test_the_same_news_says_the_same_of_the_same() -> None:
    """Times and pages do not count; another incident is other news."""
    one = likeness(notice(**FACTS))
    assert one == likeness(notice(**{**FACTS, "durations": {}, "link": "https://x.example"}))
    for key in ("deployment", "incident", "from", "to", "reason"):
        assert one != likeness(notice(**{**FACTS, key: "another"}))
    assert one != likeness(notice("another title", **FACTS))


def test_beginning_and_end_of_a_condition_are_always_told() -> None:
    """Else somebody would believe that it is over."""
    assert likeness(notice(condition="c")) == "7"
