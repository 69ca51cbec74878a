"""One item of the corpus, and how values get into answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from guards.checks.context import GuardContext


@dataclass(frozen=True, slots=True)
class Item:
    """An answer; `value` is what must be found in it, `None` in a hard negative."""

    kind: str
    text: str
    value: str | None
    context: GuardContext = field(default_factory=GuardContext)


_DRESSES = (
    "{v}",
    "{v}",
    "{v}",
    "{v}",
    "**{v}**",
    "`{v}`",
    '"{v}"',
    "({v})",
    "{v}.",
    "{v},",
    "<{v}>",
)
_AROUND = (
    "",
    "Thank you for your patience. ",
    "Here is what I found in the file:\n\n- ",
    '{{"status": "ok", "note": "',
    "Sure! ",
    "| field | value |\n|---|---|\n| contact | ",
    "承知しました。",
    "Gerne. ",
    "Bien sûr : ",
    "Order 20418 of 3 March 2024 has 2 items. ",
)
_BEHIND = (
    "",
    " Anything else?",
    "\n\nLet me know if 3 or more are wrong.",
    " |",
    " よろしくお願いします。",
    " Merci.",
)


def framed(rng: random.Random, frames: Sequence[str], value: str) -> str:
    """Return an answer with a value in a frame, dressed as answers dress values."""
    dressed = rng.choice(_DRESSES).replace("{v}", value)
    frame = rng.choice(frames)
    return rng.choice(_AROUND) + frame.replace("{v}", dressed) + rng.choice(_BEHIND)


def made(rng: random.Random, kind: str, frames: Sequence[str], value: str, positive: bool) -> Item:
    """Return an item with a framed value, which is to be found if the item is positive."""
    return Item(kind, framed(rng, frames, value), value if positive else None)


def wide(text: str) -> str:
    """Return text in full-width forms, as Japanese keyboards give them."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def some_digits(rng: random.Random, count: int) -> str:
    """Return random digits."""
    return "".join(rng.choices("0123456789", k=count))


def some(rng: random.Random, alphabet: str, count: int) -> str:
    """Return random characters."""
    return "".join(rng.choices(alphabet, k=count))


def grouped(text: str, sizes: Sequence[int], separator: str) -> str:
    """Return text in groups of given sizes; what is left over is a last group."""
    parts, place = [], 0
    for size in sizes:
        parts.append(text[place : place + size])
        place += size
    return separator.join([part for part in [*parts, text[place:]] if part])
