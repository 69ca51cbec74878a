"""The Japanese README says what the English one says, as far as a machine can tell."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).parents[2]
ENGLISH = (_ROOT / "README.md").read_text(encoding="utf-8")
JAPANESE = (_ROOT / "README.ja.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^ *```\w+\n.*?^ *```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#+) .+$", re.MULTILINE)


def prose(text: str) -> str:
    """Return a text without its code blocks, and without the line that leads to the other one."""
    return re.sub(r"^\[(日本語|English)\]\(.*\)$", "", _BLOCK.sub("", text), flags=re.MULTILINE)


def sections(text: str) -> list[str]:
    """Return what stands under each heading."""
    return _HEADING.sub("\0", prose(text)).split("\0")


def commands(text: str) -> Counter[str]:
    """Return the code in a section's sentences; a line's end counts as a space."""
    return Counter(" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text))


def links(text: str) -> Counter[str]:
    """Return where a section leads."""
    return Counter(re.findall(r"\]\(([^)]+)\)", text))


def rows(text: str) -> int:
    """Return how many lines the tables of a section have."""
    return len(re.findall(r"^\|", text, re.MULTILINE))


def test_headings_stand_in_the_same_order() -> None:
    """Of the same level each."""
    levels = [_HEADING.findall(prose(text)) for text in (ENGLISH, JAPANESE)]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 1


def test_code_blocks_are_the_same() -> None:
    """To the letter: what is copied out of either works."""
    assert _BLOCK.findall(JAPANESE) == _BLOCK.findall(ENGLISH)


def test_each_section_names_the_same_commands_links_and_rows() -> None:
    """Whatever the order that a language puts them in."""
    for english, japanese in zip(sections(ENGLISH), sections(JAPANESE), strict=True):
        assert commands(japanese) == commands(english)
        assert links(japanese) == links(english)
        assert rows(japanese) == rows(english)


def test_each_leads_to_the_other() -> None:
    """On a line of its own below the title."""
    assert "\n[日本語](README.ja.md)\n" in ENGLISH
    assert "\n[English](README.md)\n" in JAPANESE
