"""Where a notice goes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.ports.alerts import Notice
from monitor.runtime.alerting.quiet_hours import QuietHours
from monitor.runtime.alerting.routes import HEARTBEAT, RECEIVER_GONE, Route, Rules
from tests.unit.monitor.alerts.builders import notice

NIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 7, tzinfo=UTC)
NOBODY: frozenset[str] = frozenset()
RULES = Rules(
    receivers=("chat", "pager", "team", "deadman"),
    routes=(
        Route(receivers=("pager", "chat"), severity="critical"),
        Route(receivers=("chat",), severity="warning"),
        Route(receivers=("team",), deployments=frozenset({"support"})),
    ),
    quiet={"chat": QuietHours(start=time(22), end=time(7), zone=UTC)},
    escalations={"chat": "team", "team": "pager"},
    heartbeat="deadman",
    group_within=timedelta(minutes=5),
)


def told(rules: Rules, which: Notice, away: frozenset[str] = NOBODY) -> list[str]:
    """Return the receivers."""
    return [posting.receiver for posting in rules.postings(which, away, NIGHT)]


@pytest.mark.parametrize(
    ("severity", "deployment", "receivers"),
    [
        ("critical", "sales", ["pager", "chat"]),
        ("critical", "support", ["pager", "chat", "team"]),
        ("warning", "sales", ["chat"]),
        ("info", "support", ["team"]),
        ("info", "sales", []),
        ("info", None, []),
    ],
)
def test_severity_and_deployment_say_who(
    severity: str, deployment: str | None, receivers: list[str]
) -> None:
    """Each receiver once, however many routes lead to it."""
    assert told(RULES, notice(severity=severity, deployment=deployment)) == receivers


def test_without_routes_everybody_is_told() -> None:
    """But for the watchman, who waits for heartbeats only."""
    rules = Rules(receivers=("chat", "deadman"), heartbeat="deadman")
    assert told(rules, notice(severity="info")) == ["chat"]


def test_a_critical_notice_that_no_route_takes_goes_to_all() -> None:
    """A rule that was forgotten must not silence an alarm."""
    rules = Rules(
        receivers=("chat", "team"),
        routes=(Route(receivers=("chat",), deployments=frozenset({"sales"})),),
    )
    assert told(rules, notice(deployment="support")) == ["chat", "team"]
    assert told(rules, notice(severity="warning", deployment="support")) == []


def test_a_receiver_out_of_use_is_stood_in_for() -> None:
    """By whom it escalates to, as far as that goes."""
    warning = notice(severity="warning")
    assert told(RULES, warning, frozenset({"chat"})) == ["team"]
    assert told(RULES, warning, frozenset({"chat", "team"})) == ["pager"]
    assert told(RULES, warning, frozenset({"chat", "team", "pager"})) == []


def test_a_circle_of_escalations_ends() -> None:
    """Two that stand in for each other, both away."""
    rules = Rules(receivers=("a", "b"), escalations={"a": "b", "b": "a"})
    assert told(rules, notice(severity="warning"), frozenset({"a", "b"})) == []


def test_a_lost_receiver_is_told_to_all_others() -> None:
    """Whatever the routes say."""
    gone = notice(kind=RECEIVER_GONE)
    assert told(RULES, gone, frozenset({"team"})) == ["chat", "pager"]


def test_a_heartbeat_goes_to_its_watchman_only() -> None:
    """And nowhere without one."""
    beat = notice(kind=HEARTBEAT, severity="info")
    assert told(RULES, beat) == ["deadman"]
    assert told(Rules(receivers=("chat",)), beat) == []


def test_quiet_hours_hold_back_all_but_the_critical() -> None:
    """Until they end."""
    (held,) = RULES.postings(notice(severity="warning"), NOBODY, NIGHT)
    assert held.due_at == MORNING
    critical = RULES.postings(notice(severity="critical"), NOBODY, NIGHT)
    assert {posting.due_at for posting in critical} == {NIGHT}


def test_the_critical_is_not_held_for_its_group() -> None:
    """It leaves as soon as the channel takes it."""
    windows = {
        severity: RULES.postings(notice(severity=severity), NOBODY, NIGHT)[0].window
        for severity in ("warning", "critical")
    }
    assert windows == {"warning": timedelta(minutes=5), "critical": timedelta(0)}


def test_an_unheard_of_severity_counts_as_critical() -> None:
    """Rather one alarm too many."""
    assert told(RULES, notice(severity="fatal", deployment="sales")) == ["pager", "chat"]


def test_an_end_goes_to_those_who_must_get_it() -> None:
    """Whatever the routes say; in quiet hours it waits with the rest, and who is gone is left out."""
    over = notice(kind="resolved", severity="info")
    found = RULES.postings(over, NOBODY, NIGHT, ("chat", "removed"))
    assert [(posting.receiver, posting.due_at) for posting in found] == [("chat", MORNING)]
