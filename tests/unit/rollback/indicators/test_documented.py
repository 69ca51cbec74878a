"""The page about indicators."""

from __future__ import annotations

import re
from pathlib import Path

from rollback.indicators.catalogue import CATALOGUE

PAGE = Path(__file__).parents[4] / "docs" / "indicators.md"


def test_the_page_lists_the_catalogue() -> None:
    """Every indicator with its unit, meaning, direction, kind and source, in its order."""
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [
        (
            each.name,
            " | ".join(
                (each.unit, each.meaning, each.better.value, each.kind.value, each.source.value)
            ),
        )
        for each in CATALOGUE.values()
    ]
