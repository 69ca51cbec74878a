"""Messages that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import fitting, markdown
from tests.unit.monitor.alerts.builders import FACTS, message


def test_the_longest_words_are_cut_first() -> None:
    """Short facts stay whole."""
    fit = fitting.fitted(message(**{**FACTS, "reason": "r" * 5_000}), 800, title=100, words=5_000)
    rows = dict(fit.rows)
    assert rows["Deployment"] == "support"
    assert rows["Why"].endswith("r…")


def test_rows_go_when_nothing_is_left_to_cut() -> None:
    """The last ones first; the title stays."""
    fit = fitting.fitted(message(**FACTS), 60, title=40, words=100)
    assert fit.title == "support was rolled back"
    assert len(fit.rows) < 3


def test_a_title_of_nothing_visible_has_a_name() -> None:
    """No chat takes an empty title."""
    assert fitting.fitted(message("\u202e\x07"), 100, title=50, words=50).title == "Backstop"


@given(st.text(st.sampled_from("*<a\\\n@"), max_size=300), st.integers(1, 60))
def test_an_escape_is_never_cut_in_two(text: str, limit: int) -> None:
    """What is cut was not escaped yet."""
    shown = fitting.escaped(text, limit, markdown.escape)
    assert len(shown) <= limit
    assert (len(shown) - len(shown.rstrip("\\"))) % 2 == 0


@given(st.integers(150, 3_000))
def test_lines_end_with_the_link(limit: int) -> None:
    """And are never longer than they may be."""
    shown = fitting.lines(message(**{**FACTS, "reason": "r" * 5_000}), limit)
    assert len(shown) <= limit
    assert shown.endswith(str(FACTS["link"]))
