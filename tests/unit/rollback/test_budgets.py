"""Error budgets as people write them."""

import pytest

from rollback.budgets import parse_budget


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1 in 100000 exchanges", 100_000),
        ("1 in 100,000 exchanges", 100_000),
        ("2 in 1_000 exchanges", 500),
        ("1 in  90 days at 2000 exchanges a day", 180_000),
        ("1 in 1 day at 500 exchanges a day", 500),
        ("1 in 12 hours at 2400 exchanges a day", 1_200),
        ("2 in 4 weeks at 10 exchanges a day", 140),
    ],
)
def test_a_budget_becomes_a_line(text: str, line: float) -> None:
    """The mean number of exchanges between false alarms."""
    assert parse_budget(text) == pytest.approx(line)


@pytest.mark.parametrize("text", ["", "never", 100_000, None, "1 in 90 days", "one in 5 exchanges"])
def test_what_is_no_budget_is_refused_with_an_example(text: object) -> None:
    """The way out stands in the message."""
    with pytest.raises(ValueError, match="write it like '1 in 100000 exchanges'"):
        parse_budget(text)


@pytest.mark.parametrize(
    "text", ["0 in 100 exchanges", "1 in 1 exchange", "5 in 2 exchanges", "1 in 0 exchanges"]
)
def test_a_budget_that_always_or_never_acts_is_refused(text: str) -> None:
    """Neither is what anybody means."""
    with pytest.raises(ValueError, match=r"allow|budget"):
        parse_budget(text)
