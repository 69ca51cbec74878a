"""Where a text may be cut."""

from __future__ import annotations

import pytest

from guards.checks import segments


def _cuts(text: str) -> list[str]:
    """Return the searched pieces of a whole text."""
    text += segments.END
    pieces, place = [], 0
    while place < len(text):
        place = segments.plain_end(text, place)
        segment = segments.segment(text, place) if place < len(text) else None
        if segment is None:
            break
        pieces.append(text[segment.start : segment.until])
        place = segment.until
    return pieces


def test_plain_words_are_searched_by_no_pattern() -> None:
    """They hold neither digits nor signs, and begin nothing."""
    assert _cuts("The weather (it's fine) is well-known, naïve and 気持ちいい。") == []


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("card 4111 1111 1111 1111 is", "4111 1111 1111 1111"),
        ("number AB 12 34 56 C is", "AB 12 34 56 C"),
        ("to GB29 NWBK 6016 1331 please", "GB29 NWBK 6016 1331"),
        ("born 12 de marzo de 1980 in", "12 de marzo de 1980"),
        ("on “March 12, 1980 there", "“March 12, 1980"),
        ("は1980年3月12日です", "1980年3月12"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII1 and", "-----BEGIN RSA PRIVATE KEY-----\nMII1"),
        ("030 / 1234567 now", "030 / 1234567"),
        ("wide   4111   gaps", "4111"),
    ],
)
def test_what_may_be_one_match_is_one_segment(text: str, piece: str) -> None:
    """Numbers, short capitals, months and key headers go on over a gap."""
    assert _cuts(text) == [piece]


def test_a_segment_waits_until_the_next_word_is_known() -> None:
    """The next word may have a digit, and then it goes on."""
    assert segments.segment("4111 1111 an", 0) is None
    assert segments.segment("4111 1111 an ", 0) == segments.Segment(0, 9, 13)


def test_a_long_word_is_searched_in_windows_that_overlap() -> None:
    """What starts in the first half of a window ends in it."""
    assert segments.segment("a" * segments.WINDOW, 0) == segments.Segment(
        0, segments.LONGEST, segments.WINDOW
    )


def test_a_table_of_numbers_goes_on_three_words_at_a_time() -> None:
    """Twelve are looked at, and what starts in the first three is settled."""
    text = " ".join(["10"] * 20) + segments.END
    found = segments.segment(text, 0)
    assert found is not None
    assert (found.until, text[: found.until]) == (8, "10 10 10")
