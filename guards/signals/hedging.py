"""Hedges: words by which a speaker takes back a part of what is said, in English and Japanese."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from guards.layout import KANA, Hashes, Layout, Places
from guards.signals.signal import Family, Signal, Tail, Values, ratio
from guards.signals.view import TextView

_SURE = r"(?:entirely |quite |completely )?"
# Word that every such hedge has → the hedge. To look first which of these words a text has takes a
# third of the time that one expression for all of them takes.
_ENGLISH = {
    "might": r" might(?! of\b| and main)",
    "may": r" may (?:be|have|well|also be|not be)",
    "maybe": r" maybe",
    "perhaps": r" perhaps",
    "possibly": r" possibly",
    "probably": r" probably",
    "presumably": r" presumably",
    "potentially": r" potentially",
    "likely": r" likely",
    "could": r" could (?:be|have been)",
    "seems": r" (?:it seems|seems to)",
    "seem": r" seem to",
    "seemingly": r" seemingly",
    "appears": r" (?:it appears|appears to)",
    "think": r" i think(?! about | of )",
    "believe": r" i believe",
    "guess": r" i(?:'d|) guess",
    "suppose": r" i suppose",
    "suspect": r" i suspect",
    "assume": r" i assume",
    "depends": r" it depends",
    "possible": r" it(?:'s| is) possible",
    "unclear": r" it(?:'s| is) unclear",
    "say": r" (?:it(?:'s| is) (?:hard|difficult) to|i'd) say",
    "opinion": r" in my opinion",
    "sure": rf" i(?:'m| am) (?:not |un){_SURE}sure",
    "certain": rf" i(?:'m| am) not {_SURE}certain",
    "uncertain": rf" i(?:'m| am) {_SURE}uncertain",
}
_EXPRESSIONS = {word: re.compile(rf"{hedge}\b") for word, hedge in _ENGLISH.items()}
_SPELLINGS = {
    spelling: word
    for word in _ENGLISH
    for start in (word, word.capitalize())
    for spelling in (start, f"{start},", f"{start}.", f"({start}")
}
_JAPANESE = re.compile(
    r"かもしれ(?:ません|ない)|かも知れ(?:ません|ない)|と(?:思い|思われ)ます|と思う|でしょう(?!か)|だろう(?!か)|おそらく|恐らく|"
    r"たぶん|多分|可能性が(?:あり|高|ある)|ように(?:思|見)|のよう(?:です|だ)|らしい(?:です|。)|と考えられ|"
    r"とは限(?:りません|らない)|断言(?:は)?(?:でき|出来)|(?:はっきり|正確に)(?:と)?は?(?:分|わ)かり(?:ません|かねます)|"
    r"場合(?:も|が)あり|もしかすると|ひょっとすると|推測(?:され|し)|一概に(?:は|言)"
)


def hedges(layout: Layout) -> Values:
    """Return the hedges per 100 words (or characters, without spaces); NaN for no text.

    >>> hedges(Layout.of(["Perhaps it is so."])).tolist()
    [25.0]
    """
    found = _in_english(layout)
    for row in np.flatnonzero(layout.highest >= KANA).tolist():
        found[row] += sum(1 for _ in _JAPANESE.finditer(layout.texts[row]))
    return ratio(100 * found, layout.sizes)


def _in_english(layout: Layout) -> Places:
    places = np.flatnonzero(_may_be_spelled()[_slots(layout.words.hashes)])
    words: defaultdict[int, set[str]] = defaultdict(set)
    for row, spelled in layout.texts_of(layout.words, places):
        word = _SPELLINGS.get(spelled)
        if word is not None:
            words[row].add(word)
    found = np.zeros(len(layout.texts), dtype=np.int64)
    for row, hedging in words.items():
        plain = TextView(layout.texts[row]).plain
        found[row] = sum(len(_EXPRESSIONS[word].findall(plain)) for word in hedging)
    return found


def _slots(hashes: Hashes) -> Places:
    return (hashes >> np.uint64(48)).astype(np.int64)


@lru_cache(maxsize=1)
def _may_be_spelled() -> NDArray[np.bool_]:
    """Return by the first 16 bits of a word's hash whether it may be one of the spellings."""
    table = np.zeros(1 << 16, dtype=bool)
    table[_slots(Layout.of([" ".join(_SPELLINGS)]).words.hashes)] = True
    return table


SIGNALS = (
    Signal(
        name="hedges",
        unit="per 100 words",
        low=0,
        high=math.inf,
        meaning="hedges",
        tail=Tail.BOTH,
        compute=lambda batch: hedges(batch.layout),
        family=Family.TEXT,
    ),
)
