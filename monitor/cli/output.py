"""How commands print: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.errors import BadRequest

# A pipe has no width: what is cut there cannot be copied.
console = Console(width=None if sys.stdout.isatty() else 240)
errors = Console(stderr=True)


def show_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def show_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; cells are plain text, whatever they hold."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    console.print(table)


def complain(sentence: str) -> None:
    """Print what went wrong, on one line of standard error."""
    errors.print(Text(f"error: {sentence}"), soft_wrap=True)


def write(file: Path, content: str) -> None:
    """Write a text. Raises `BadRequest` if that cannot be done."""
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"{file}: cannot be written: {error.strerror}") from error


def say(sentence: str) -> None:
    """Print a sentence for people."""
    console.print(Text(sentence), soft_wrap=True)
