"""Signals of executable code."""

from __future__ import annotations

import pytest

from guards.signals import catalogue, executable, python_code
from tests.unit.guards.samples import exchange

FUNCTION = "def twice(number):\n    return 2 * number\n"


def signals(output: str) -> tuple[float | None, float | None]:
    """Return whether the code parses without its dress, and as it stands."""
    found = catalogue.table([exchange(output)], executable.SIGNALS).mappings()[0]
    return found.get("code_parses"), found.get("code_as_is")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (FUNCTION, (1.0, 1.0)),
        (f"```python\n{FUNCTION}```", (1.0, 0.0)),
        (f"Here it is:\n\n```\n{FUNCTION}```\nIt doubles.", (1.0, 0.0)),
        (f"```python\n{FUNCTION}", (1.0, 0.0)),
        ("```python\ndef twice(number:\n    return\n```", (0.0, 0.0)),
        ("import os\nprint(os.name\n", (0.0, 0.0)),
        ("# a comment\nx = 3\nprint(x)", (1.0, 1.0)),
        ("total = 3\ntotal += 1\n\nfor item in [1]:\n    print(item)", (1.0, 1.0)),
    ],
)
def test_python_is_parsed_fenced_and_bare(answer: str, expected: tuple[float, float]) -> None:
    """A fence keeps an answer from running as it is, and nothing else."""
    assert signals(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "Yes",
        "It depends on the size of the box.",
        "```sql\nSELECT 1;\n```",
        "```json\n{}\n```",
        "```\nplain words in a fence\n```",
        "# A heading\n\nSome prose, and more of it.",
        "import duties are high. You must pay them.",
        "For each item in the list, do this:\nfirst one thing\nthen another",
        '{"a": 1}',
        "",
    ],
)
def test_what_is_no_python_says_nothing(answer: str) -> None:
    """Prose may parse as Python, and other languages never do."""
    assert signals(answer) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000,
        "[" * 90 + "]" * 90,
        "x = 1\n" * 20_000,
        "x = '\x00'",
        "-" * 19_000 + "1",
        "\ud800",
    ],
)
def test_hostile_text_does_not_parse_and_does_no_harm(text: str) -> None:
    """Too deep, too long, or no text at all."""
    assert not python_code.parses(text)


def test_an_odd_escape_in_a_string_is_no_error() -> None:
    """Python only warns of it."""
    assert python_code.parses("pattern = '\\d'")


def test_all_fenced_blocks_belong_together() -> None:
    """One that is broken breaks the whole."""
    sound, broken = "```py\na = 1\n```", "```py\nb = (a\n```"
    assert signals(f"{sound}\nand\n{sound}") == (1.0, 0.0)
    assert signals(f"{sound}\nand\n{broken}") == (0.0, 0.0)
