"""Tables of Markdown, out of whatever is on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor.reports.render import table_cell


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table whose cells hold plain text, whatever they are; nothing is a dash.

    >>> print(table(("a", "b"), [(1, None)]))
    | a | b |
    | --- | --- |
    | 1 | – |
    """
    lines: list[Sequence[Any]] = [columns, ["---"] * len(columns)]
    lines += [[table_cell("–" if cell in (None, "") else cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def flat(told: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested mappings by their dotted names.

    >>> list(flat({"a": {"b": 1}, "c": 2}))
    [('a.b', 1), ('c', 2)]
    """
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
