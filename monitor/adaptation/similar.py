"""Finds texts that are the same but for their dress, or nearly so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from guards import normalization

_SIZE = 5  # characters of a shingle
_ALIKE = 0.9  # Jaccard similarity of two texts' shingles from which they are one text


def pairs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places (earlier, later) of texts that are alike.

    Alike are texts whose character 5-grams, without case, punctuation and spaces, have a Jaccard
    similarity of at least 0.9. Candidates share one of their rarest shingles, which loses none:
    prefix filtering (Chaudhuri et al., 2006).
    """
    shingles = [_shingles(text) for text in texts]
    common = Counter(piece for found in shingles for piece in found)
    index: dict[str, list[int]] = defaultdict(list)
    for later, found in enumerate(shingles):
        rare = sorted(found, key=lambda piece: (common[piece], piece))
        prefix = rare[: len(rare) - int(_ALIKE * len(rare) + 0.999999) + 1]
        for earlier in sorted({place for piece in prefix for place in index[piece]}):
            if _jaccard(shingles[earlier], found) >= _ALIKE:
                yield earlier, later
        for piece in prefix:
            index[piece].append(later)


def groups(texts: Sequence[str]) -> list[int]:
    """Return for each text the place of the first one that it is alike to, through any others.

    >>> groups(["Where is it?", "no", "where is it"])
    [0, 1, 0]
    """
    first = list(range(len(texts)))
    for earlier, later in pairs(texts):
        one, other = _root(first, earlier), _root(first, later)
        first[max(one, other)] = min(one, other)
    return [_root(first, place) for place in range(len(texts))]


def _root(first: list[int], place: int) -> int:
    while first[place] != place:
        place = first[place]
    return place


def _shingles(text: str) -> frozenset[str]:
    plain = normalization.squad(text) or text
    last = max(len(plain) - _SIZE, 0)
    return frozenset(plain[start : start + _SIZE] for start in range(last + 1))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both)
