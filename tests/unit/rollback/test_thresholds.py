"""Thresholds on indicators."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from rollback.thresholds import Action, Breach, Side, Threshold, breaches

_NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
_ACTIVE = "support@000000000001"
_RULE = Threshold(
    indicator="fault_rate",
    side=Side.ABOVE,
    limit=0.2,
    lasting=timedelta(minutes=5),
    at_least=20,
    action=Action.ROLLBACK,
)


@dataclass(frozen=True)
class _Minute:
    bucket: datetime
    value: float
    count: int = 10
    adapter: str | None = _ACTIVE
    name: str = "fault_rate"


def _minutes(values: dict[int, float], count: int = 10) -> list[_Minute]:
    """Indicators by how many whole minutes ago they began; 0 is the one still running."""
    start = _NOW.replace(second=0)
    return [_Minute(start - timedelta(minutes=ago), value, count) for ago, value in values.items()]


def _found(minutes: list[_Minute], rule: Threshold = _RULE) -> tuple[Breach, ...]:
    return breaches([rule], minutes, _ACTIVE, _NOW)


def test_a_condition_that_holds_throughout_is_a_breach() -> None:
    """The breach tells since when, how bad and how many answers."""
    (breach,) = _found(_minutes({5: 0.3, 4: 0.3, 3: 0.4, 2: 0.4, 1: 0.5}))
    assert (breach.value, breach.answers) == (0.5, 50)
    assert breach.since == datetime(2026, 1, 1, 11, 55, tzinfo=UTC)
    assert str(breach) == "fault_rate above 0.2 for 5m (0.5 at last, 50 answers)"


@pytest.mark.parametrize("good", [1, 2, 3, 4, 5])
def test_one_good_minute_ends_it(good: int) -> None:
    """Wherever in the time it lies."""
    assert not _found(_minutes({ago: 0.1 if ago == good else 0.5 for ago in range(1, 6)}))


def test_a_value_on_the_limit_is_no_breach() -> None:
    """Above means above."""
    assert not _found(_minutes(dict.fromkeys(range(1, 6), 0.2)))


def test_no_data_is_no_breach_and_not_zero() -> None:
    """Silence says nothing, also for a rule that small values break."""
    below = replace(_RULE, side=Side.BELOW, limit=0.5)
    assert not _found([], below)
    assert not _found(_minutes(dict.fromkeys(range(1, 6), 0.0), count=0), below)
    assert not _found(_minutes(dict.fromkeys(range(1, 6), float("nan"))), below)


def test_a_minute_without_data_does_not_end_it() -> None:
    """Traffic may be thin, as long as the condition was seen since the start of the time."""
    assert _found(_minutes({5: 0.5, 1: 0.5}))
    assert _found(_minutes({7: 0.5, 3: 0.5, 2: 0.5}))


def test_a_time_that_is_not_over_is_no_breach() -> None:
    """Bad for three minutes is not bad for five."""
    assert not _found(_minutes({3: 0.9, 2: 0.9, 1: 0.9}, count=100))


def test_the_minute_that_still_runs_is_left_out() -> None:
    """Its value may be of a single answer."""
    assert not _found(_minutes({5: 0.1, 0: 0.9}))
    assert _found(_minutes({5: 0.5, 4: 0.5, 0: 0.0}))


def test_too_few_answers_are_no_breach() -> None:
    """Answers before the time do not count towards it."""
    assert not _found(_minutes({6: 0.5, 5: 0.5}, count=10))
    assert _found(_minutes({5: 0.5, 4: 0.5}, count=10))


def test_other_versions_and_indicators_do_not_count() -> None:
    """A rule is about the active version."""
    bad = _minutes(dict.fromkeys(range(1, 6), 0.9))
    assert not _found([replace(minute, adapter=None) for minute in bad])
    assert not _found([replace(minute, name="outlier_rate") for minute in bad])
    assert breaches([_RULE], [replace(minute, adapter=None) for minute in bad], None, _NOW)


def test_the_order_of_the_data_does_not_matter() -> None:
    """They are sorted here."""
    minutes = _minutes({5: 0.3, 4: 0.3, 1: 0.5})
    assert _found(minutes) == _found(minutes[::-1])
