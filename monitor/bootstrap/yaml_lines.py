"""Where the keys of a YAML file stand."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from monitor.errors import ConfigError


def lines(text: str, where: str) -> dict[str, int]:
    """Return key path (`thresholds[1].for`) → line, counted from 1.

    Raises:
        ConfigError: for a key that stands twice in one mapping: the second would win, unseen.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return {} if root is None else dict(_walk(root, "", where))


def nearest(lines: dict[str, int], key: str) -> int | None:
    """Return the line of a key, or of the nearest one above it."""
    while key not in lines and key:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return lines.get(key)


def _walk(node: yaml.Node, path: str, where: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if name in seen:
                raise ConfigError(
                    f"{where}, line {line}: {name!r} stands on line {seen[name]} already; keep one"
                )
            seen[name] = line
            below = f"{path}.{name}" if path else name
            yield below, line
            yield from _walk(value, below, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            below = f"{path}[{index}]"
            yield below, value.start_mark.line + 1
            yield from _walk(value, below, where)
