"""Signals of the answer's text: how long it is and what it is made of."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np

from guards.signals import scripts
from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, of_text, ratio
from guards.signals.view import TextView

_LOOK_AHEAD = 262  # bytes of its window that deflate does not look back over
_WINDOWS = range(9, 16)  # binary logarithms of the windows that deflate knows


def characters(view: TextView) -> float:
    """Return the number of Unicode code points."""
    return float(len(view.text))


def words(batch: Batch) -> Values:
    """Return the number of parts between white space."""
    return batch.layout.words.counts.astype(np.float64)


def lines(batch: Batch) -> Values:
    """Return the number of lines that are not blank."""
    return batch.layout.lines.counts.astype(np.float64)


def compression_ratio(view: TextView) -> float:
    """Return UTF-8 bytes over their zlib-compressed size: large for text that repeats itself."""
    if not view.text:
        return math.nan
    return len(view.raw) / len(zlib.compress(view.raw, 1, window(len(view.raw))))


def window(size: int) -> int:
    """Return the least window that compresses so many bytes as the largest one does.

    To clear the tables of the largest one takes as long as to compress a short text.
    """
    return min(max((size + _LOOK_AHEAD - 1).bit_length(), _WINDOWS[0]), _WINDOWS[-1])


def word_length(batch: Batch) -> Values:
    """Return the mean number of characters in a word; NaN without words."""
    return ratio(batch.layout.solid, batch.layout.words.counts)


def _letters(batch: Batch) -> Values:
    """Return the share of letters among the characters that are not blank."""
    return ratio(batch.letters.sum(axis=1), batch.layout.solid)


def _share_of_script(script: int) -> Callable[[Batch], Values]:
    """Return the share of a script among the letters; NaN without letters."""
    return lambda batch: scripts.shares(batch.letters)[:, script]


def _script_switch(batch: Batch) -> Values:
    """Return how far the mix of scripts lies from the prompt's: the total variation distance."""
    shares = scripts.shares(batch.letters)
    away = np.abs(shares - scripts.shares(batch.prompt_letters))
    return np.asarray(away.sum(axis=1) / 2)


SIGNALS = (
    Signal(
        name="characters",
        unit="characters",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=of_text(characters),
        family=Family.TEXT,
    ),
    Signal(
        name="words",
        unit="words",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=words,
        family=Family.TEXT,
    ),
    Signal(
        name="lines",
        unit="lines",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=lines,
        family=Family.TEXT,
    ),
    Signal(
        name="compression_ratio",
        unit="",
        low=0,
        high=math.inf,
        meaning="compression ratio",
        tail=Tail.BOTH,
        compute=of_text(compression_ratio),
        family=Family.TEXT,
    ),
    Signal(
        name="word_length",
        unit="characters",
        low=1,
        high=math.inf,
        meaning="mean word length",
        tail=Tail.BOTH,
        compute=word_length,
        family=Family.TEXT,
    ),
    Signal(
        name="letters",
        unit="",
        low=0,
        high=1,
        meaning="share of letters",
        tail=Tail.BOTH,
        compute=_letters,
        family=Family.TEXT,
    ),
    Signal(
        name="latin",
        unit="",
        low=0,
        high=1,
        meaning="share of Latin letters",
        tail=Tail.BOTH,
        compute=_share_of_script(scripts.LATIN),
        channel=False,  # its changes show in script_switch, whatever the prompts are written in
        family=Family.TEXT,
    ),
    Signal(
        name="kana_and_han",
        unit="",
        low=0,
        high=1,
        meaning="share of kana and Han",
        tail=Tail.BOTH,
        compute=_share_of_script(scripts.JAPANESE),
        channel=False,
        family=Family.TEXT,
    ),
    Signal(
        name="other_scripts",
        unit="",
        low=0,
        high=1,
        meaning="share of letters of other scripts",
        tail=Tail.BOTH,
        compute=_share_of_script(scripts.OTHER),
        channel=False,
        family=Family.TEXT,
    ),
    Signal(
        name="script_switch",
        unit="",
        low=0,
        high=1,
        meaning="distance of the scripts from the prompt's",
        tail=Tail.UPPER,
        compute=_script_switch,
        family=Family.TEXT,
    ),
)
