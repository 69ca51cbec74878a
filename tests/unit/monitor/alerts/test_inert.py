"""Words that nothing acts on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import inert


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "click"),
        ("\x9b31mred", "red"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\u2066b\u2069\u200f\ufeffc", "abc"),
        ("a\U000e0041b", "ab"),
        ("two\nlines\r\n\tof\u2028it", "two lines of it"),
        ("\x00nul", "nul"),
        ("日本語 é 👩\u200d🔬", "日本語 é 👩\u200d🔬"),
    ],
)
def test_what_cannot_be_seen_goes_away(hostile: str, shown: str) -> None:
    """Control sequences, marks of direction and lines; letters of all writings stay."""
    assert inert.visible(hostile) == shown


@pytest.mark.parametrize(
    "mention", ["@here", "@Channel", "x@everyone", "_@all", "(@ann)", "<@U123>", "é@here"]
)
def test_nobody_is_mentioned(mention: str) -> None:
    """The sign stands alone."""
    assert f"@{inert.ZERO_WIDTH}" in inert.words(mention)


@pytest.mark.parametrize(
    "address",
    ["http://a.example", "HTTPS://a", "www.a.example", "mailto:a@b", "javascript:x", "slack://x"],
)
def test_nothing_becomes_a_link(address: str) -> None:
    """A reader sees it as it is; a client does not take it for an address."""
    shown = inert.words(address)
    assert inert.ZERO_WIDTH in shown
    assert shown.replace(inert.ZERO_WIDTH, "") == address


@given(st.text())
def test_no_text_hides_anything(text: str) -> None:
    """Of whatever signs it is made."""
    shown = inert.visible(text)
    assert shown == " ".join(shown.split())
    assert not {unicodedata.category(s) for s in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )


def test_an_endless_line_is_read_in_part() -> None:
    """A megabyte costs no more than a page."""
    assert len(inert.words("x" * 1_000_000)) == 20_000
