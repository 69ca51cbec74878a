"""Runs of words that an answer has in common with a source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guards.checks.runs import Automaton, RunReader, WordReader, words

WORDS = st.lists(st.sampled_from("abc"), max_size=14)


def _found(source: str, answer: str, threshold: int, size: int = 3) -> list[str]:
    """Read an answer in pieces and return the runs found."""
    reader = RunReader(Automaton((source,)), threshold)
    text = WordReader([reader])
    for place in range(0, len(answer), size):
        text.feed(answer[place : place + size])
    text.feed("", last=True)
    return [answer[run.start : run.end] for run in reader.found]


@given(source=WORDS, answer=WORDS, threshold=st.integers(2, 4))
def test_a_run_is_found_exactly_where_one_is(
    source: list[str], answer: list[str], threshold: int
) -> None:
    """Against all runs of the source, listed."""
    runs = {tuple(source[at : at + threshold]) for at in range(len(source) - threshold + 1)}
    shared = any(
        tuple(answer[at : at + threshold]) in runs for at in range(len(answer) - threshold + 1)
    )
    assert bool(_found(" ".join(source), " ".join(answer), threshold)) == shared


def test_case_and_marks_between_words_do_not_hide_a_run() -> None:
    """Lists and bold type are the usual dress of a leaked prompt."""
    source = "never promise a refund before the warehouse"
    assert _found(source, "1. **Never** promise\n- a REFUND, ok", 4) == [
        "Never** promise\n- a REFUND"
    ]


def test_a_japanese_character_counts_as_half_a_word() -> None:
    """Seven of them are no four words, eight are."""
    source = "返金は倉庫が荷物の到着を確認するまで"
    assert _found(source, "返金は倉庫が荷", 4, 1) == []
    assert _found(source, "返金は倉庫が荷物", 4, 1) == ["返金は倉庫が荷物"]


def test_a_run_does_not_go_from_one_source_into_the_next() -> None:
    """Each source is looked at by itself."""
    reader = RunReader(Automaton(("a b", "c d")), 3)
    WordReader([reader]).feed("a b c d ", last=True)
    assert reader.found == []


def test_a_long_run_is_found_once() -> None:
    """It ends where the threshold is reached; the rest of it is no news."""
    source = " ".join(f"w{number}" for number in range(40))
    assert _found(source, source, 12) == [" ".join(f"w{number}" for number in range(12))]


def test_what_may_begin_a_run_is_told_from_what_cannot() -> None:
    """`feed` returns the place in front of which nothing can be found any more."""
    text = WordReader([RunReader(Automaton(("never promise a refund",)), 3)])
    assert text.feed("I would ") == 7
    assert text.feed("never pro") == 8
    assert text.feed("test ") == 8 + len("never protest")


def test_a_word_without_end_is_read_in_parts() -> None:
    """So it is not read again with each piece."""
    assert list(map(len, words("x" * 150))) == [64, 64, 22]
