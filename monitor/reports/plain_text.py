"""Words of others, made fit to be shown: models, callers and operators write what they like."""

from __future__ import annotations

import re

# Control characters steer a terminal; marks of direction turn the rest of a line round.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_SHOWN = "\N{REPLACEMENT CHARACTER}"


def inert(text: object) -> str:
    """Return text in which every character that steers what shows it is replaced.

    >>> inert("a" + chr(27) + "[2J b" + chr(0x202E) + "c")
    'a�[2J b�c'
    """
    return _STEERING.sub(_SHOWN, str(text))


def finalized(value: object) -> object:
    """Return what a template shows of a value: texts are made inert, markup stays as it is."""
    return inert(value) if type(value) is str else value


def excerpt(text: str, most: int) -> str:
    """Return the beginning of a text, and how much of it is left out.

    >>> excerpt("abcdef", 4), excerpt("abcdef", 6)
    ('abcd… (2 more characters)', 'abcdef')
    """
    left_out = len(text) - most
    return text if left_out <= 0 else f"{text[:most]}… ({left_out:,} more characters)"
