"""Words of others, made fit to be shown."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from monitor.reports.plain_text import excerpt, finalized, inert


@given(st.text())
def test_no_control_character_but_white_space_is_left(text):
    """What could steer a terminal is replaced one for one, and line breaks and tabs stay."""
    shown = inert(text)
    assert len(shown) == len(text)
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\r\t"]


def test_writing_from_right_to_left_stays_as_it_is():
    """Letters carry their own direction; only marks that override it are replaced."""
    assert inert("שלום مرحبا") == "שלום مرحبا"


def test_markup_and_values_pass_through_a_template():
    """Only texts are changed."""
    markup = Markup("<b>\x1b</b>")
    assert finalized(markup) is markup
    assert finalized(None) is None


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_an_excerpt_is_the_beginning(text, most):
    """A text that fits stays as it is; a longer one says that it is cut."""
    shown = excerpt(text, most)
    assert shown == text if len(text) <= most else shown.startswith(text[:most] + "…")
