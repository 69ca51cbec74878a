"""Signals of groundedness."""

from __future__ import annotations

from typing import Any

from guards.exchange import Message, Passage
from guards.signals import catalogue, groundedness
from guards.vocabulary import Vocabulary
from tests.unit.guards.samples import exchange

FAQ = "The Osaka warehouse ships parcels within 3 days. Shipping costs 1,200 yen."


def signals(output: str, *passages: str, **changes: Any) -> dict[str, float]:
    """Return the signals of an answer to supplied passages."""
    context = tuple(Passage(id=f"{n}", text=text) for n, text in enumerate(passages, start=1))
    answer = exchange(output, context=context, **changes)
    return catalogue.table([answer], groundedness.SIGNALS).mappings()[0]


def test_an_answer_in_the_words_of_its_context_is_grounded() -> None:
    """Words, numbers and names all stand there, however their thousands are written."""
    found = signals("Parcels from the Osaka warehouse take 3 days, for 1200 yen.", FAQ)
    assert found["grounded_numbers"] == 1.0
    assert found["grounded_names"] == 1.0
    assert found["grounded_words"] == 4 / 5  # parcels, osaka, warehouse, days; and take


def test_invented_numbers_and_names_are_not_grounded() -> None:
    """One of two each."""
    found = signals("It ships from Osaka or Kyoto within 3 to 9 days.", FAQ)
    assert (found["grounded_numbers"], found["grounded_names"]) == (0.5, 0.5)


def test_copied_sentences_have_all_their_ngrams_in_the_context() -> None:
    """Other words have none."""
    assert signals("Ships parcels within 3 days.", FAQ)["grounded_ngrams"] == 1.0
    assert signals("We bring it to you soon.", FAQ)["grounded_ngrams"] == 0.0


def test_japanese_is_grounded_by_its_characters() -> None:
    """Words are not set apart there: Han and katakana tell."""
    context = "大阪の倉庫から三日以内に発送します。送料は1,200円です。"
    found = signals("送料は1200円で、大阪の倉庫から発送します。", context)
    assert found["grounded_words"] == 1.0
    assert found["grounded_numbers"] == 1.0
    assert signals("東京の工場から出荷します。", context)["grounded_words"] == 0.0
    assert signals("アマゾンで買えます。", "アマゾンの商品。")["grounded_names"] == 1.0


def test_without_context_nothing_is_said() -> None:
    """What the caller asked is no context; what system and tools said is."""
    assert signals("Parcels take 3 days.") == {}
    tool = (Message(role="user", content="When?"), Message(role="tool", content=FAQ))
    assert signals("Parcels take 3 days.", messages=tool)["grounded_numbers"] == 1.0


def test_an_answer_without_numbers_or_names_has_no_share_of_them() -> None:
    """Nothing of nothing is undefined."""
    assert signals("Soon.", FAQ).keys() == {"grounded_words"}


def test_marks_of_lists_and_citations_are_no_numbers() -> None:
    """They count the answer's own parts."""
    assert Vocabulary("1. First\n2) Second [3] and [4, 5]").numbers == frozenset()
    assert Vocabulary("It takes 1,250.5 grams in 2 parts.").numbers == {"1250.5", "2"}


def test_a_word_with_a_capital_is_a_name_inside_a_sentence_alone() -> None:
    """At its beginning every word has one."""
    assert Vocabulary("Tomorrow we meet Ada. Then, Bob leaves.").names == {"ada", "bob"}
