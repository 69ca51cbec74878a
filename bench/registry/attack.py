"""What an attack on the registry is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack.

    Args:
        spoil: makes it of a good adapter's folder.
        words: part of the sentence that refuses it.
        family: under which it is added.
    """

    name: str
    spoil: Callable[[Path], None]
    words: str
    family: str = "support"
