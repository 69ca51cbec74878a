"""Scripts of letters, and the signals made of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.exchange import Message
from guards.signals import catalogue, scripts
from guards.signals.view import TextView
from tests.unit.guards.samples import asked, exchange


def shares(output: str, question: str = "Where is it?") -> dict[str, float]:
    """Return the signals of a text."""
    return catalogue.table([asked(question, output)]).mappings()[0]


def test_letters_are_told_apart_by_their_script() -> None:
    """Full-width Latin is Latin, half-width kana is kana, and a digit is no letter."""
    counts = scripts.letter_counts([TextView("aéＡ1"), TextView("漢かカｶー々"), TextView("Жя한")])
    assert counts.tolist() == [[3, 0, 0], [0, 6, 0], [0, 0, 3]]


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_a_letter_is_what_python_calls_one(texts: list[str]) -> None:
    """Every code point, in whatever company."""
    counts = scripts.letter_counts([TextView(text) for text in texts])
    assert counts.sum(axis=1).tolist() == [sum(map(str.isalpha, text)) for text in texts]


def test_the_shares_of_scripts_add_up_to_one() -> None:
    """Without letters there are none."""
    found = shares("abc かな Ж")
    assert math.isclose(found["latin"] + found["kana_and_han"] + found["other_scripts"], 1)
    assert "latin" not in shares("12 34")


def test_an_answer_in_the_prompts_script_has_not_switched() -> None:
    """English on English and Japanese on Japanese; half and half has switched by a half."""
    assert shares("It is here.")["script_switch"] == 0
    assert shares("ここにあります。", "どこですか")["script_switch"] == 0
    assert shares("It is here.", "どこですか")["script_switch"] == 1
    assert shares("abここ")["script_switch"] == 0.5
    assert "script_switch" not in shares("12", "どこですか")


def test_the_question_is_what_counts_and_not_what_tools_said() -> None:
    """A tool's English result between a Japanese question and its answer changes nothing."""
    messages = (
        Message(role="user", content="どこですか"),
        Message(role="tool", content="It is in the warehouse."),
    )
    table = catalogue.table([exchange("倉庫にあります。", messages=messages)])
    assert np.array_equal(table.column("script_switch"), [0.0])
