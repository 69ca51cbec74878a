"""Tests of `monitor.storage.values`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.storage import values

CHARACTERS = st.text(st.characters(exclude_categories=()))


@given(CHARACTERS)
def test_every_text_becomes_one_that_utf_8_holds(text: str) -> None:
    """No NUL and no half of a surrogate pair is left."""
    cleaned = values.text(text)
    assert "\0" not in cleaned
    cleaned.encode()


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_a_good_text_stays_as_it_is(text: str) -> None:
    """Nothing else is replaced."""
    assert values.text(text) == text


def test_two_halves_that_fit_become_one_character() -> None:
    """A surrogate pair in Python's text is the character that it stands for."""
    assert values.text("\ud83d\ude00") == "\U0001f600"


@given(st.dictionaries(CHARACTERS, st.floats() | CHARACTERS | st.none()))
def test_json_holds_nothing_that_postgres_refuses(value: dict[str, object]) -> None:
    """Neither as characters nor as escapes of them, and numbers are finite."""
    read = json.loads(values.dumps(value), parse_constant=pytest.fail)
    assert all(values.text(key) == key for key in read)


def test_an_escape_in_a_text_is_not_the_character() -> None:
    """A backslash followed by u0000 is a text that a model may write."""
    assert json.loads(values.dumps(["\\u0000", "\\ud800"])) == ["\\u0000", "\\ud800"]


@pytest.mark.parametrize("version", [None, "support@111111111111"])
def test_a_key_stands_for_its_version(version: str | None) -> None:
    """The base model too has a key."""
    assert values.version(values.key(version)) == version
