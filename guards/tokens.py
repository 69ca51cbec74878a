"""Words of a text for measures of overlap, also where a script writes no spaces between them."""

from __future__ import annotations

import unicodedata

import regex

# Scripts written without spaces: each of their characters is a word of its own, as in the mixed
# segmentation of MLQA's evaluation script (Lewis et al., 2020).
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_AS_WRITTEN = regex.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_WORD = regex.compile(rf"[{_UNSPACED}]|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+", regex.V1)


def as_written(text: str) -> list[str]:
    """Return what stands between spaces as it is; of a script without spaces, each character.

    >>> as_written("The cat, 猫だ")
    ['The', 'cat,', '猫', 'だ']
    """
    return [found.group() for found in _AS_WRITTEN.finditer(text)]


def words(text: str) -> list[str]:
    """Return letters and digits in small letters, as ROUGE does (Lin, 2004), after NFKC.

    >>> words("The-Cat, Ｎｏ．１ 猫だ。")
    ['the', 'cat', 'no', '1', '猫', 'だ']
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    return [found.group() for found in _WORD.finditer(plain)]


def without_punctuation(tokens: list[str]) -> list[str]:
    """Return the tokens that are more than punctuation of any script."""
    return [
        token
        for token in tokens
        if not all(unicodedata.category(character).startswith("P") for character in token)
    ]
