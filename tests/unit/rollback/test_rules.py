"""Rules on indicators, in a sentence or key by key."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback import rules
from rollback.errors import PolicyError
from rollback.indicators.catalogue import OF_ANSWERS
from rollback.thresholds import Action, RelativeTo, Side, Threshold

_KEYED: dict[str, Any] = {
    "indicator": "latency_p95_s",
    "above": 1.5,
    "relative_to": "baseline",
    "for": "5m",
    "at_least": 50,
    "until": 1.2,
    "action": "rollback",
}
_MEANT = Threshold(
    indicator="latency_p95_s",
    side=Side.ABOVE,
    limit=1.5,
    relative_to=RelativeTo.BASELINE,
    lasting=timedelta(minutes=5),
    at_least=50,
    until=1.2,
    action=Action.ROLLBACK,
)


@pytest.mark.parametrize("sign", [" x ", "×", " * ", "*", "x "])
@pytest.mark.parametrize("side", [">", "above"])
@pytest.mark.parametrize("time", ["5 min", "5m", "300s", "5 minutes"])
def test_both_forms_mean_the_same(sign: str, side: str, time: str) -> None:
    """However the sentence is spelt."""
    when = (
        f"latency_p95_s {side} 1.5{sign}baseline for {time} with at least 50 answers"
        f" until below 1.2{sign}baseline"
    )
    assert rules.parse([{"when": when, "action": "rollback"}]) == (_MEANT,)
    assert rules.parse([_KEYED]) == (_MEANT,)


def test_what_a_sentence_does_not_say_has_its_default() -> None:
    """Five minutes, one answer, no clear level, and a number is a number."""
    (rule,) = rules.parse([{"when": "grade_mean < 0.5", "action": "alert"}])
    assert (rule.side, rule.limit, rule.relative_to) == (Side.BELOW, 0.5, RelativeTo.NUMBER)
    assert (rule.lasting, rule.at_least, rule.until) == (timedelta(minutes=5), 1, None)


_NUMBERS = st.decimals(0, 1_000, places=3).map(float)


@given(
    st.sampled_from(sorted(OF_ANSWERS)),
    st.sampled_from(Side),
    _NUMBERS,
    _NUMBERS | st.none(),
    st.sampled_from(RelativeTo),
    st.integers(1, 24 * 60),
)
def test_a_rule_in_words_reads_back_as_it_is(
    name: str, side: Side, limit: float, until: float | None, to: RelativeTo, minutes: int
) -> None:
    """`str` of a threshold is a sentence that means it."""
    if until is not None and side.holds(until, limit):
        until = limit
    rule = Threshold(
        indicator=name,
        side=side,
        limit=float(f"{limit:g}"),
        until=None if until is None else float(f"{until:g}"),
        relative_to=to,
        lasting=timedelta(minutes=minutes),
        at_least=1,
        action=Action.ALERT,
    )
    told = rules.sentence(str(rule).replace(_time(rule), f"{minutes}m"))
    read = {"lasting": rule.lasting, "until": None} | dict(told)
    assert {name: getattr(rule, name) for name in read} == read


def _time(rule: Threshold) -> str:
    return str(rule).partition(" for ")[2].partition(" ")[0]


@pytest.mark.parametrize(
    ("rule", "key", "way_out"),
    [
        ({"when": "latency is bad", "action": "alert"}, ".when", "write it like"),
        ({"when": 5, "action": "alert"}, ".when", "write it like"),
        ({"when": "p95_latency > 2", "action": "alert"}, ".when", "mean 'latency_p95_s'"),
        ({"when": "fault_rate > 0.2 for 2 d", "action": "alert"}, ".when", "from '1m' to '24h'"),
        ({"when": "fault_rate > 0.2 for 5 parsecs", "action": "alert"}, ".when", "no duration"),
        (
            {"when": "fault_rate > 0.2 with at least 0 answers", "action": "alert"},
            ".when",
            "at least 1",
        ),
        ({"when": "fault_rate > 0.2 until > 0.1", "action": "alert"}, ".when", "'until below'"),
        (
            {"when": "fault_rate > 2 x baseline until < 1", "action": "alert"},
            ".when",
            "both as multiples",
        ),
        ({"when": "fault_rate > 1e999", "action": "alert"}, ".when", "no number"),
        ({"when": "fault_rate > 0.2"}, "", "lacks 'action'"),
        ({"when": "fault_rate > 0.2", "above": 1, "action": "alert"}, ".above", "is unknown"),
        ({"when": "fault_rate > 0.2 until < 0.3", "action": "alert"}, "", "not above it"),
        ({**_KEYED, "relative_to": "yesterday"}, ".relative_to", "'baseline' only"),
    ],
)
def test_a_refusal_names_the_key_and_the_way_out(
    rule: dict[str, Any], key: str, way_out: str
) -> None:
    """A misspelt indicator would never be broken: it is refused."""
    with pytest.raises(PolicyError) as caught:
        rules.parse([rule])
    assert caught.value.key == f"thresholds[0]{key}"
    assert way_out in str(caught.value)
