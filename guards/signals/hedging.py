"""Hedges: words by which a speaker takes back a part of what is said, in English and Japanese."""

from __future__ import annotations

import math
import re

from guards.signals.signal import Family, Signal, Tail, of_text
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
_SPELLED = frozenset(_SPELLINGS)
_JAPANESE = re.compile(
    r"かもしれ(?:ません|ない)|かも知れ(?:ません|ない)|と(?:思い|思われ)ます|と思う|でしょう(?!か)|だろう(?!か)|おそらく|恐らく|"
    r"たぶん|多分|可能性が(?:あり|高|ある)|ように(?:思|見)|のよう(?:です|だ)|らしい(?:です|。)|と考えられ|"
    r"とは限(?:りません|らない)|断言(?:は)?(?:でき|出来)|(?:はっきり|正確に)(?:と)?は?(?:分|わ)かり(?:ません|かねます)|"
    r"場合(?:も|が)あり|もしかすると|ひょっとすると|推測(?:され|し)|一概に(?:は|言)"
)


def hedges(view: TextView) -> float:
    """Return the hedges per 100 words (or characters, without spaces); NaN for no text.

    >>> hedges(TextView("Perhaps it is so."))
    25.0
    """
    if not view.units:
        return math.nan
    found = _in_english(view)
    if not view.text.isascii():
        found += sum(1 for _ in _JAPANESE.finditer(view.text))
    return 100 * found / len(view.units)


def _in_english(view: TextView) -> int:
    spelled = _SPELLED.intersection(view.words)
    if not spelled:
        return 0
    words = {_SPELLINGS[spelling] for spelling in spelled}
    return sum(len(_EXPRESSIONS[word].findall(view.plain)) for word in words)


SIGNALS = (
    Signal(
        name="hedges",
        unit="per 100 words",
        low=0,
        high=math.inf,
        meaning="hedges",
        tail=Tail.BOTH,
        compute=of_text(hedges),
        family=Family.TEXT,
    ),
)
