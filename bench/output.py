"""How a benchmark prints: a table for people, JSON with `--json`."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser that knows `--json`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser


def show(
    title: str, rows: Sequence[Mapping[str, Any]], notes: Sequence[str], as_json: bool
) -> None:
    """Print rows that share their keys, and notes below them."""
    if as_json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        print(json.dumps({"title": title, "rows": rows, "notes": notes, **machine}, indent=2))
        return
    table = Table(title=title, title_justify="left")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console = Console()
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)


def _cell(value: Any) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else str(value)
