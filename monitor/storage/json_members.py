"""JSON objects in which a name stands once: readers disagree on which of two members counts."""

from __future__ import annotations

from collections import Counter
from typing import Any


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object, as an `object_pairs_hook`.

    Raises:
        ValueError: if a name stands twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {twice[:100]!r} stands twice")
    return members
