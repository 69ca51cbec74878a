"""The vocabulary of a text: what of it can be found again in another text."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property, lru_cache

LONGEST = 40_000  # characters that are looked at
NGRAM = 3  # words, or twice as many characters where words are not set apart

_HAN_OR_KATAKANA = "\u3400-\u4dbf\u4e00-\u9fff\u3005\u30a1-\u30ff\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_HAN_OR_KATAKANA}]+")
_WORD = re.compile(f"[^\\W\\d_\u3041-\u309f{_HAN_OR_KATAKANA}]+(?:'[a-z]+)?")
_ANY_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_ENUMERATION = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]|\[\d+(?:, ?\d+)*\]", re.MULTILINE)
_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z][\w-]*[a-z0-9][\w-]*")  # not where a sentence begins
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]{3,}")
_LEAST_CONTENT = 4  # letters of a word that carries content
_EMPTY_WORDS = (
    "about above after again also although always among another around because been before being "
    "below between both cannot could does doing done down during each either else even ever every "
    "first from further have having here hers herself himself however into itself just like made "
    "make many more most much must myself need neither never next often once only other ours over "
    "please same shall should since some still such than that their theirs them themselves then "
    "there therefore these they this those though through thus under unless until upon used using "
    "very want well were what when where whether which while will with within without would your "
    "yours yourself"
)


class Vocabulary:
    """What a text is made of, each kind gathered when it is first asked for."""

    def __init__(self, text: str) -> None:
        self._text = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\u2019", "'")

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, in small letters."""
        return frozenset(_ANY_WORD.findall(self._lower))

    @cached_property
    def content(self) -> frozenset[str]:
        """Words of 4 letters or more that carry content; of Han and katakana the pairs of characters."""
        words = frozenset(
            each for each in _WORD.findall(self._lower) if len(each) >= _LEAST_CONTENT
        )
        return (words - _empty_words()) | self._pairs

    @cached_property
    def ngrams(self) -> frozenset[tuple[str, ...] | str]:
        """Three words in a row; six characters in a row where words are not set apart."""
        words = _ANY_WORD.findall(self._lower)
        if sum(map(len, words)) > 12 * len(words):
            solid, size = "".join(words), 2 * NGRAM
            return frozenset(solid[start : start + size] for start in range(len(solid) - size + 1))
        return frozenset(zip(words, words[1:], words[2:], strict=False))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Numbers without the commas of their thousands; neither marks of lists nor of citations."""
        found = _NUMBER.findall(_ENUMERATION.sub(" ", self._text))
        return frozenset(number.replace(",", "") for number in found)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital inside a sentence, in small letters; three katakana or more."""
        capital = frozenset(name.lower() for name in _NAME.findall(self._text))
        return capital | frozenset(_KATAKANA.findall(self._text))

    def holds(self, name: str) -> bool:
        """Whether a name occurs anywhere in the text."""
        return name in self._lower

    @cached_property
    def _lower(self) -> str:
        return self._text.lower()

    @cached_property
    def _pairs(self) -> frozenset[str]:
        return frozenset(
            run[start : start + 2]
            for run in _RUN.findall(self._text)
            for start in range(max(len(run) - 1, 1))
        )


@lru_cache(maxsize=1)
def _empty_words() -> frozenset[str]:
    return frozenset(_EMPTY_WORDS.split())


@lru_cache(maxsize=32)
def of_context(text: str) -> Vocabulary:
    """Return the vocabulary of a context: many answers rest on the same one."""
    return Vocabulary(text)
