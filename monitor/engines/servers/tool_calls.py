"""Calls of tools that a server has parsed out of an answer, written back into it as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"


class ToolCalls:
    """The calls of one answer, which come in parts.

    >>> calls = ToolCalls()
    >>> calls.feed([{"index": 0, "function": {"name": "add", "arguments": '{"a": 1}'}}])
    '<tool_call>{"name": "add", "arguments": {"a": 1}'
    >>> calls.close()
    '}</tool_call>'
    """

    def __init__(self) -> None:
        self._open = False

    def feed(self, parts: Sequence[Mapping[str, Any]]) -> str:
        """Return the text of further parts; one with a name begins a call."""
        return "".join(map(self._text, parts))

    def close(self) -> str:
        """Return the text that ends the last call; empty without one."""
        ended, self._open = self._open, False
        return "}" + _CLOSE if ended else ""

    def _text(self, part: Mapping[str, Any]) -> str:
        function = part.get("function") or {}
        arguments = function.get("arguments") or ""
        if not function.get("name"):
            return str(arguments)
        before = self.close()
        self._open = True
        return f'{before}{_OPEN}{{"name": {json.dumps(function["name"])}, "arguments": {arguments}'
