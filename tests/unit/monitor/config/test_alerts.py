"""The configuration of alerts."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.bootstrap import alerting
from monitor.config import Config, load
from monitor.errors import ConfigError

_WHOLE = """
data_dir: data
engine: {model: model}
deployments: {support: {}, sales: {}}
receivers:
  chat:
    kind: slack
    url_file: chat.url
    escalate_to: pager
    quiet: {start: 22:00, end: "07:30", timezone: Asia/Tokyo, days: [mon, fri]}
  pager: {kind: webhook, url_file: pager.url, secret_file: pager.secret}
  deadman: {kind: webhook, url_file: pager.url, secret_file: pager.secret}
alerts:
  routes:
    - {to: [pager], severity: critical}
    - {to: [chat], deployments: [support]}
  group_within: 10m
  no_answers: 30m
  heartbeat: {to: deadman, every: 2m}
"""


def _load(tmp_path: Path, text: str = _WHOLE) -> Config:
    path = tmp_path / "backstop.yaml"
    path.write_text(text)
    return load(path)


def test_routes_quiet_hours_and_escalation_are_read(tmp_path: Path) -> None:
    """Into the rules that the service follows."""
    config = _load(tmp_path)
    rules = alerting.rules(config)
    assert [route.receivers for route in rules.routes] == [("pager",), ("chat",)]
    assert rules.routes[1].deployments == frozenset({"support"})
    assert rules.escalations == {"chat": "pager"}
    assert rules.heartbeat == "deadman"
    assert rules.group_within == timedelta(minutes=10)
    assert alerting.watched(config).no_answers == timedelta(minutes=30)
    assert alerting.watched(config).heartbeat_every == timedelta(minutes=2)


def test_times_of_day_may_stand_without_quotes(tmp_path: Path) -> None:
    """YAML reads 22:00 as 1,320."""
    quiet = alerting.rules(_load(tmp_path)).quiet["chat"]
    assert (quiet.start, quiet.end, quiet.days) == (time(22), time(7, 30), frozenset({0, 4}))
    assert str(quiet.zone) == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("escalate_to: pager", "escalate_to: page", "no receiver 'page'; there are chat, deadman"),
        ("escalate_to: pager", "escalate_to: chat", "name another receiver than itself"),
        ("to: [pager]", "to: [pagers]", "alerts.routes.to: there is no receiver 'pagers'"),
        ("to: [pager]", "to: []", "alerts.routes.0.to"),
        ("[support]", "[suport]", "there is no deployment 'suport'; there are sales, support"),
        ("to: deadman", "to: nobody", "alerts.heartbeat.to: there is no receiver 'nobody'"),
        ("Asia/Tokyo", "Asia/Tokio", "'Asia/Tokio' is no time zone"),
        ("22:00", "25:99", "start"),
        ("every: 2m", "every: 1s", "at least 30 s"),
        ("group_within: 10m", "group_within: soon", "is no duration"),
        ("no_answers: 30m", "no_answers: 0s", "must be longer than 0s"),
        ("kind: slack", "kind: slak", "slack"),
    ],
)
def test_what_would_lose_alerts_is_refused(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    """With what is wrong and, where it helps, what there is."""
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, _WHOLE.replace(right, wrong))
    assert said in str(caught.value)
