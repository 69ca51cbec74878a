"""Thresholds held against indicators."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.breaches import Assessment, Readings, assess, usual
from rollback.thresholds import Action, Breach, Figure, RelativeTo, Side, Threshold

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
    return _assessed(minutes, rule).breaches


def _assessed(minutes: list[_Minute], rule: Threshold = _RULE, **about: Any) -> Assessment:
    readings: dict[str, Any] = {"active": _ACTIVE, "indicators": minutes} | about
    return assess([rule], Readings(**readings), _NOW)


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
    of_base = [replace(minute, adapter=None) for minute in bad]
    assert _assessed(of_base, active=None).breaches


def test_the_order_of_the_data_does_not_matter() -> None:
    """They are sorted here."""
    minutes = _minutes({5: 0.3, 4: 0.3, 1: 0.5})
    assert _found(minutes) == _found(minutes[::-1])


_BASELINE = "support@000000000002"
_TWICE = replace(_RULE, limit=2.0, relative_to=RelativeTo.BASELINE)
_BAD = {5: 0.5, 4: 0.5, 3: 0.6, 2: 0.5, 1: 0.5}


def test_a_limit_relative_to_the_baseline_is_a_multiple_of_its_last_days() -> None:
    """Where the baseline does not answer now."""
    days = {"fault_rate": Figure(value=0.2, answers=900)}
    (breach,) = _assessed(_minutes(_BAD), _TWICE, baseline=_BASELINE, usual=days).breaches
    assert breach.limit == 0.4
    assert str(breach) == (
        "fault_rate above 2 x baseline for 5m (0.5 at last, limit 0.4, 50 answers)"
    )
    higher = {"fault_rate": Figure(value=0.3, answers=900)}
    assert not _assessed(_minutes(_BAD), _TWICE, baseline=_BASELINE, usual=higher).breaches


def test_what_the_baseline_does_now_goes_before_its_last_days() -> None:
    """Shadow answers on the same engine at the same time are the better measure."""
    days = {"fault_rate": Figure(value=0.2, answers=900)}
    beside = [replace(one, adapter=_BASELINE) for one in _minutes(dict.fromkeys(range(1, 6), 0.4))]
    found = _assessed(_minutes(_BAD) + beside, _TWICE, baseline=_BASELINE, usual=days)
    assert found == Assessment()


def test_an_unknown_baseline_is_no_breach_and_is_told() -> None:
    """So is one whose value rests on too few answers."""
    (silent,) = _assessed(_minutes(_BAD), _TWICE, baseline=_BASELINE).unjudged
    assert silent.reason == f"no value of fault_rate is known of the baseline, {_BASELINE}"
    few = {"fault_rate": Figure(value=0.2, answers=19)}
    found = _assessed(_minutes(_BAD), _TWICE, baseline=_BASELINE, usual=few)
    assert not found.breaches
    assert "rests on 19 answers" in found.unjudged[0].reason


def test_without_a_baseline_a_relative_rule_is_not_judged() -> None:
    """What the base model did is no baseline's value."""
    of_base = [replace(one, adapter=None) for one in _minutes(dict.fromkeys(range(1, 6), 0.1))]
    (silent,) = _assessed([*_minutes(_BAD), *of_base], _TWICE).unjudged
    assert silent.reason == "there is no baseline yet"


def test_a_few_answers_of_the_baseline_now_are_no_measure() -> None:
    """Its last days are taken then."""
    days = {"fault_rate": Figure(value=0.2, answers=900)}
    beside = [replace(one, adapter=_BASELINE) for one in _minutes({1: 0.9}, count=19)]
    found = _assessed(_minutes(_BAD) + beside, _TWICE, baseline=_BASELINE, usual=days)
    assert found.breaches[0].beside is None


def test_the_usual_value_is_the_weighted_median() -> None:
    """One busy bad minute counts by its answers, and a quiet worst one hardly."""
    minutes = [*_minutes({5: 0.1, 4: 0.1, 3: 0.2}), *_minutes({2: 9.0}, count=1)]
    assert usual(minutes, _ACTIVE, _NOW) == {"fault_rate": Figure(value=0.1, answers=31)}


_CLEARS = replace(_RULE, until=0.1)


def test_a_broken_rule_stays_so_until_its_clear_level() -> None:
    """Between the levels nothing changes; without a breach before, nothing is broken there."""
    falling = _minutes({9: 0.5, 8: 0.5, 7: 0.5, 6: 0.5, 5: 0.5, 4: 0.15, 3: 0.15, 2: 0.15, 1: 0.15})
    (breach,) = _found(falling, _CLEARS)
    assert breach.is_held
    assert str(breach).endswith("answers, not yet cleared)")
    assert not _found(falling, _RULE)
    cleared = [*falling[:-1], replace(falling[-1], value=0.05)]
    assert not _found(cleared, _CLEARS)
    assert not _found(_minutes(dict.fromkeys(range(1, 9), 0.15)), _CLEARS)


def test_a_rule_that_was_broken_at_the_last_look_is_held_where_its_breach_is_out_of_sight() -> None:
    """Until a minute clears it."""
    between = _minutes(dict.fromkeys(range(1, 6), 0.15))
    assert _assessed(between, _CLEARS, standing=[str(_CLEARS)]).breaches
    assert not _assessed(between, _RULE, standing=[str(_RULE)]).breaches
    clear = _minutes({5: 0.15, 4: 0.05, 3: 0.15})
    assert not _assessed(clear, _CLEARS, standing=[str(_CLEARS)]).breaches


_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(_VALUES, st.floats(0, 0.2))
def test_hysteresis_only_ever_lengthens_a_breach(values: list[float], until: float) -> None:
    """What is broken without a clear level is broken with one, and a cleared rule is not broken."""
    minutes = _minutes(dict(enumerate(values, start=1)))
    plain, held = _found(minutes), _found(minutes, replace(_RULE, until=until))
    assert not plain or held
    if values[0] < until:
        assert not held


@given(_VALUES, st.integers(1, 200))
def test_a_breach_rests_on_bad_minutes_alone(values: list[float], count: int) -> None:
    """Every minute since its beginning is beyond the limit, and there are answers enough."""
    for breach in _found(_minutes(dict(enumerate(values, start=1)), count)):
        first = (_NOW.replace(second=0) - breach.since) // timedelta(minutes=1)
        assert first >= 5
        assert all(value > 0.2 for value in values[:first])
        assert breach.answers >= 20
