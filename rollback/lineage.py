"""Lineage: which version was made from which, as trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A version with those that were made from it, in the order given."""

    name: str
    children: tuple[Branch, ...] = ()


def trees(parents: Mapping[str, str | None]) -> tuple[Branch, ...]:
    """Return the trees of versions, each version once.

    A version whose parent is not among them is a root. Where versions are each other's forebears,
    which content names rule out and a database does not, the first of them is taken for a root.

    Args:
        parents: of each version by name, in the order in which siblings shall stand.

    >>> trees({"v1": None, "v2": "v1"})
    (Branch(name='v1', children=(Branch(name='v2', children=()),)),)
    """
    children: dict[str, list[str]] = {}
    for name, parent in parents.items():
        if parent is not None and parent in parents:
            children.setdefault(parent, []).append(name)
    seen: set[str] = set()
    roots = [name for name, parent in parents.items() if parent is None or parent not in parents]
    found = [_grown(root, children, seen) for root in roots]
    found += [_grown(name, children, seen) for name in parents if name not in seen]
    return tuple(found)


def lines(trees: Sequence[Branch]) -> Iterator[tuple[str, str]]:
    """Yield each version's name with what is drawn before it.

    >>> list(lines(trees({"v1": None, "v2": "v1", "v3": "v1"})))
    [('', 'v1'), ('├─ ', 'v2'), ('└─ ', 'v3')]
    """
    for tree in trees:
        yield "", tree.name
        yield from _below(tree)


def _grown(root: str, children: Mapping[str, Sequence[str]], seen: set[str]) -> Branch:
    """Return a root's tree; without recursion, since a chain of versions may be long."""
    seen.add(root)
    order, waiting = [root], [root]
    own: dict[str, list[str]] = {}
    while waiting:
        name = waiting.pop()
        own[name] = [child for child in children.get(name, ()) if child not in seen]
        seen.update(own[name])
        order.extend(own[name])
        waiting.extend(own[name])
    made: dict[str, Branch] = {}
    for name in reversed(order):
        made[name] = Branch(name=name, children=tuple(made[child] for child in own[name]))
    return made[root]


def _below(tree: Branch) -> Iterator[tuple[str, str]]:
    waiting = [(child, "", child is tree.children[-1]) for child in reversed(tree.children)]
    while waiting:
        branch, before, is_last = waiting.pop()
        yield before + ("└─ " if is_last else "├─ "), branch.name
        inner = before + ("   " if is_last else "│  ")
        last = branch.children[-1] if branch.children else None
        waiting.extend((child, inner, child is last) for child in reversed(branch.children))
