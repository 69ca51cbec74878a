"""Every word of a report of our own, one catalogue a language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from monitor.reports.words import en, ja


class Language(Enum):
    """What a report is written in."""

    EN = "en"  # means English
    JA = "ja"  # means Japanese


CATALOGUES: Mapping[Language, Mapping[str, str]] = {Language.EN: en.WORDS, Language.JA: ja.WORDS}
