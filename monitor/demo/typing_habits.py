"""How people type: slips of the finger, no capitals, no full stops."""

from __future__ import annotations

from collections.abc import Set
from random import Random

_SLOPPY = 0.3  # share of messages with slips
_SLIP = 0.08  # chance of a slip in a word of such a message
_LOWER = 0.15  # share of messages without capitals or punctuation
_SHORTEST = 5  # letters; shorter words are typed right


def apply(text: str, rng: Random, *, keep: Set[str]) -> str:
    """Return the text as somebody might have typed it; words of `keep` and codes stay whole."""
    words = text.split(" ")
    if rng.random() < _SLOPPY:
        words = [_slip(word, rng) if _may_slip(word, keep, rng) else word for word in words]
    if rng.random() < _LOWER:
        words = [_plain(word) for word in words]
    return " ".join(words)


def _may_slip(word: str, keep: Set[str], rng: Random) -> bool:
    bare = word.strip(".,!?").lower()
    return len(bare) >= _SHORTEST and bare.isalpha() and bare not in keep and rng.random() < _SLIP


def _slip(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))


def _plain(word: str) -> str:
    return (
        word.rstrip(".,!")
        if any(letter.isdigit() for letter in word)
        else word.lower().rstrip(".,!")
    )
