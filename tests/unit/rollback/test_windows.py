"""Maintenance windows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollback import windows
from rollback.errors import PolicyError
from rollback.windows import Maintenance, Window


def _window(**section: Any) -> Window:
    return windows.parse({"windows": [section]}).windows[0]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_crontab_window_holds_in_its_own_time_zone() -> None:
    """Sunday at two in Berlin is one in the morning by UTC in winter, and midnight in summer."""
    window = _window(cron="0 2 * * sun", timezone="Europe/Berlin", **{"for": "2h"})
    winter = [window.holds(_at(f"2026-01-04T{time}")) for time in ("00:59", "01:00", "02:59")]
    assert winter == [False, True, True]
    assert not window.holds(_at("2026-01-04T03:00"))
    assert not window.holds(_at("2026-01-05T01:30"))
    assert window.holds(_at("2026-07-05T00:00"))


def test_a_window_crosses_midnight() -> None:
    """It begins on one day and ends on the next."""
    window = _window(cron="30 22 * * 1-5", **{"for": "4h"})
    assert window.holds(_at("2026-01-03T02:29"))  # a Saturday: it began on Friday
    assert not window.holds(_at("2026-01-04T02:29"))


@pytest.mark.parametrize(
    ("cron", "moment"),
    [
        ("*/15 * * * *", "2026-01-01T10:45"),
        ("0 9-17/4 * * *", "2026-01-01T13:00"),
        ("0 0 1,15 * *", "2026-01-15T00:00"),
        ("0 0 * jan,jul *", "2026-07-09T00:00"),
        ("0 0 * * 7", "2026-01-04T00:00"),
        ("0 0 13 * fri", "2026-01-02T00:00"),  # either day counts where both are given
        ("0 0 13 * fri", "2026-01-13T00:00"),
    ],
)
def test_fields_of_a_crontab_are_read(cron: str, moment: str) -> None:
    """Steps, ranges, lists and names."""
    window = _window(cron=cron, **{"for": "1m"})
    assert window.holds(_at(moment))
    assert not window.holds(_at(moment) + timedelta(minutes=1))


def test_a_window_that_is_there_once_has_a_start() -> None:
    """Without an offset it is meant in the window's time zone."""
    window = _window(start="2026-03-01T22:00", timezone="Europe/Berlin", **{"for": "1h"})
    assert window.holds(_at("2026-03-01T21:00"))
    assert not window.holds(_at("2026-03-01T22:00"))
    told = _window(start="2026-03-01T22:00+00:00", **{"for": "1h"})
    assert told.holds(_at("2026-03-01T22:59"))


def test_the_window_that_holds_is_named() -> None:
    """For the reason of a decision."""
    kept = Maintenance(windows=(_window(cron="0 2 * * *", **{"for": "90m"}),))
    assert str(kept.window(_at("2026-01-01T03:29"))) == "'0 2 * * *' (UTC) for 1h30m"
    assert kept.window(_at("2026-01-01T03:30")) is None


@pytest.mark.parametrize(
    ("section", "key", "way_out"),
    [
        ({"for": "1h"}, "", "exactly one of 'cron' and 'start'"),
        ({"cron": "0 2 * * *", "start": "2026-01-01", "for": "1h"}, "", "exactly one"),
        ({"cron": "0 2 * * *"}, "", "lacks 'for'"),
        ({"cron": "0 2 * *", "for": "1h"}, ".cron", "like '0 2 * * sun'"),
        ({"cron": "60 2 * * *", "for": "1h"}, ".cron", "no minute; give 0 to 59"),
        ({"cron": "0 2 * * son", "for": "1h"}, ".cron", "no weekday"),
        ({"cron": "0 5-2 * * *", "for": "1h"}, ".cron", "runs backwards"),
        ({"cron": "0 2 * * *", "for": "8d"}, ".for", "from '1m' to '7d'"),
        ({"start": "soon", "for": "1h"}, ".start", "is no moment"),
        ({"cron": "0 2 * * *", "for": "1h", "timezone": "Berlin"}, ".timezone", "Europe/Berlin"),
        ({"corn": "0 2 * * *", "for": "1h"}, ".corn", "mean 'cron'"),
        (5, "", "must be a mapping"),
    ],
)
def test_a_refusal_names_the_key_and_the_way_out(section: Any, key: str, way_out: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(PolicyError) as caught:
        windows.parse({"windows": [section]})
    assert caught.value.key == f"maintenance.windows[0]{key}"
    assert way_out in str(caught.value)


def test_windows_are_a_list() -> None:
    """One window alone is a slip."""
    with pytest.raises(PolicyError, match="list of windows"):
        windows.parse({"windows": {"cron": "0 2 * * *"}})
