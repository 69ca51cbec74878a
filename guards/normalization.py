"""Normalisation of answers, so that a grade does not hang on their dress."""

from __future__ import annotations

import re
import string
import unicodedata

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def folded(text: str) -> str:
    """Return text in NFKC without white space at its ends: full-width forms become usual ones.

    >>> folded(" Ａ－１２ ")
    'A-12'
    """
    return unicodedata.normalize("NFKC", text).strip()


def squad(text: str) -> str:
    """Return text in lower case without punctuation, English articles and extra spaces.

    Source: the evaluation script of SQuAD (Rajpurkar et al., 2016), after NFKC.

    >>> squad("The  Cat, sat.")
    'cat sat'
    """
    plain = folded(text).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def unfenced(text: str) -> str:
    """Return the inside of the first Markdown code fence, or the text if there is none."""
    fenced = _FENCE.search(text)
    return (fenced.group(1) if fenced else text).strip()


def last_number(text: str) -> float | None:
    """Return the last number in a text, or `None`; commas between digits are thousands.

    >>> last_number("so 3 times 400 is 1,200.")
    1200.0
    """
    numbers = _NUMBER.findall(folded(text))
    return float(numbers[-1].replace(",", "")) if numbers else None
