"""Money from prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.adaptation.pilot import prices
from monitor.errors import BadRequest

GOOD = "currency: EUR\nexample: 2\ntraining_hour: 3\nserving_hour: 36\n"


def test_making_costs_examples_machine_and_what_is_fixed(tmp_path: Path) -> None:
    """An hour of training on ten examples: 500 + 20 + 3."""
    file = tmp_path / "prices.yaml"
    file.write_text(GOOD + "fixed: 500\n")
    found = prices.read(file)
    assert found.to_make(10, 3600.0) == 523.0
    assert found.per_thousand(0.1) == pytest.approx(1.0)


def test_what_answers_at_no_less_never_pays() -> None:
    """There is no number of answers after which it has paid."""
    assert prices.break_even(100.0, 3.0, 3.0) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "exmaple: 1\n", "and nothing else"),
        ("currency: EUR\n", "missing"),
        (GOOD.replace("36", "-1"), "at least 0"),
        (GOOD.replace("36", "dear"), "must be a number"),
    ],
)
def test_prices_that_cannot_be_used_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """One sentence names what is wrong."""
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(BadRequest, match=said):
        prices.read(file)


def test_the_example_prices_can_be_read() -> None:
    """The file that `make pilot` uses is one."""
    assert prices.read(Path(__file__).parents[5] / "docs/pilot-prices.yaml").currency == "EUR"
