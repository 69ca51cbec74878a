"""The page about golden sets says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from guards.expectation import KINDS
from guards.golden import parse_cases
from guards.golden_formats import formats

PAGE = (Path(__file__).parents[2] / "docs" / "golden.md").read_text(encoding="utf-8")


def test_the_example_can_be_imported() -> None:
    """Its two lines are cases."""
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert [case.id for case in parse_cases(block)] == ["refund-1", "sum-1"]


def test_every_kind_and_every_format_is_described() -> None:
    """Each in the table of its own."""
    kinds = PAGE.split("## Kinds")[1].split("Several `values`")[0]
    described = re.findall(r"^\| (`[^|]+`) \|", kinds, re.MULTILINE)
    assert {name for row in described for name in re.findall(r"`(\w+)`", row)} == set(KINDS)
    for name in formats.FORMATS[1:]:
        assert f"| `{name}` |" in PAGE
