"""Words and lines of texts, found in one pass."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.layout import Layout, Runs, Spans, distinct

_TEXTS = st.lists(
    st.text(alphabet=st.sampled_from("ab \n\t\u3000\x1c猫\ud800Σ"), max_size=40), max_size=5
)


def _of(layout: Layout, spans: Spans, row: int) -> list[str]:
    places = np.arange(spans.ends[row], spans.ends[row + 1])
    return [text for _, text in layout.texts_of(spans, places)]


def _lengths(runs: Runs, row: int) -> list[int]:
    return [int(each) for each in runs.hashes[runs.ends[row] : runs.ends[row + 1]]]


@settings(max_examples=100, deadline=None)
@given(_TEXTS)
def test_parts_are_what_strings_say(texts: list[str]) -> None:
    """Words, lines that are not blank, and runs of line ends, in whatever company a text is."""
    layout = Layout.of(texts)
    for row, text in enumerate(texts):
        assert _of(layout, layout.words, row) == text.split()
        assert _of(layout, layout.lines, row) == list(
            filter(None, map(str.strip, text.split("\n")))
        )
        assert _lengths(layout.breaks, row) == [len(run) for run in re.findall("\n+", text)]
        assert layout.solid[row] == len("".join(text.split()))


@settings(max_examples=100, deadline=None)
@given(_TEXTS)
def test_hashes_are_equal_for_equal_words_alone(texts: list[str]) -> None:
    """As many hashes as words are distinct, in each text and over all."""
    layout = Layout.of(texts)
    words = [word for text in texts for word in text.split()]
    assert len(set(layout.words.hashes.tolist())) == len(set(words))
    found = distinct(layout.words.hashes, layout.words.rows, len(texts))
    assert found.tolist() == [len(set(text.split())) for text in texts]


def test_texts_without_spaces_have_characters_for_units() -> None:
    """Between others that have words."""
    layout = Layout.of(["a b", "猫" * 30, "c"])
    assert layout.sizes.tolist() == np.diff(layout.units.ends).tolist() == [2, 30, 1]
