"""Hedges: words by which a speaker takes back a part of what is said, in English and Japanese."""

from __future__ import annotations

import math
import re

from guards.signals.signal import Family, Signal, Tail, of_text
from guards.signals.view import TextView

# Each begins with the space before it: it is looked for at the beginnings of words alone.
_ENGLISH = re.compile(
    r" (?:m(?:ight(?! of\b| and main)|aybe|ay (?:be|have|well|also be|not be)|ost likely)|"
    r"p(?:erhaps|ossibly|robably|resumably|otentially)|likely|could (?:be|have been)|"
    r"seem(?:s|ingly)? to|appears? to|"
    r"i(?: (?:think|believe|guess|suppose|suspect|assume)(?! about | of )|t (?:seems|appears|depends|"
    r"could|might|is (?:possible|likely|unclear|hard to|difficult to))|"
    r"t's (?:possible|likely|unclear|hard to|difficult to)|n my opinion|'m (?:not|un) ?(?:entirely |"
    r"quite |completely )?(?:sure|certain)| am (?:not |un)(?:entirely |quite |completely )?"
    r"(?:sure|certain)|'d (?:say|guess)))\b"
)
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
    found = sum(1 for _ in _ENGLISH.finditer(view.plain))
    if not view.text.isascii():
        found += sum(1 for _ in _JAPANESE.finditer(view.text))
    return 100 * found / len(view.units)


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
