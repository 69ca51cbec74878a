"""Signals of Markdown and code."""

from __future__ import annotations

import math

import pytest

from guards.layout import Layout
from guards.signals import dress
from guards.signals.view import TextView


def markdown(text: str) -> float:
    """Return the share of marked lines of one text."""
    return float(dress.markdown(Layout.of([text]))[0])


@pytest.mark.parametrize(
    "line",
    [
        *("# Title", "###### Deep", "- item", "* item", "+ item", "• item", "1. first", "12) last"),
        *("> quoted", "| a | b |", "---", "***", "**bold** words", "some *stress* here"),
        "a __strong__ word",
    ],
)
def test_a_line_with_a_mark_is_markdown(line: str) -> None:
    """Headings, lists, quotations, tables, rules and emphasis."""
    assert markdown(f"  {line}\n\nplain") == 0.5


@pytest.mark.parametrize(
    "line",
    [
        *("#hashtag", "-5 degrees", "3.14 is pi", "2025 was good", "a - b", "x*y*z", "2 * 3 * 4"),
        *("snake_case_name", "a*b", "| alone", "C# is a language", "5 > 3"),
    ],
)
def test_a_line_without_a_mark_is_plain(line: str) -> None:
    """Signs of arithmetic, names and numbers are no Markdown."""
    assert markdown(f"plain\n{line}") == 0.0


def test_code_is_what_stands_inside_fences_and_ticks() -> None:
    """A fence that nobody closes reaches to the end."""
    assert dress.code(TextView("```py\nabcd\n```")) == 5 / 14
    assert dress.code(TextView("```\nabcd")) == 0.5
    assert dress.code(TextView("see `ab`")) == 0.25
    assert dress.code(TextView("no code")) == 0.0


def test_an_empty_answer_has_neither() -> None:
    """There is nothing to take a share of."""
    assert math.isnan(markdown(" \n"))
    assert math.isnan(dress.code(TextView("")))
