"""Setting fields of a JSON object in its bytes: every other byte stays as it was written.

All of it takes valid JSON for granted, and raises `ValueError` where it finds that it is not. There, outside of strings, no quotation mark follows a
backslash, and after a string's last quotation mark comes no letter: so a name in quotation marks,
with no backslash before it and a colon behind it, is a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_COLON = re.compile(rb"[ \t\n\r]*+:[ \t\n\r]*+")
_SCALAR = re.compile(rb"[^,\]} \t\n\r]++")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.DOTALL)
_BACKSLASH = ord("\\")


def set_fields(body: bytes, fields: Mapping[str, bytes], *, present: str = "") -> bytes:
    """Return a valid JSON object with fields set at its top.

    Args:
        fields: name → value, as JSON. What the object has under a name is replaced, however often
            it is there (a parser may take the first of two, or the last); what it has not is put
            at its beginning.
        present: a field that is known to be there. If its name is found once only, then it is the
            one at the top, and nothing has to be counted.
    """
    if len(fields) == 1 and present in fields:
        quick = _key(present).only_text(body)
        if quick is not None:
            return body[: quick[0]] + fields[present] + body[quick[1] :]
    edits: list[tuple[int, int, bytes]] = []
    missing: list[bytes] = []
    for name, value in fields.items():
        key = _key(name)
        spans = key.values(body, depth=1, present=name == present)
        edits.extend((start, end, value) for start, end in spans)
        if not spans:
            missing.append(key.quoted + b":" + value)
    return _edited(body, edits, missing)


def replace_field(body: bytes, name: str, value: bytes, *, depth: int) -> bytes:
    """Return valid JSON with a field's value replaced wherever it is at one depth.

    Depth 3, say, is that of `choices[].logprobs`.
    """
    spans = _key(name).values(body, depth=depth)
    return _edited(body, [(start, end, value) for start, end in spans], [])


@lru_cache(maxsize=64)
def _key(name: str) -> _Key:
    return _Key(name)


class _Key:
    """The name of a field, in each way in which it can be written."""

    def __init__(self, name: str) -> None:
        self.quoted = b'"' + name.encode() + b'"'
        letters = (b"(?:%s|\\\\u00(?i:%02x))" % (re.escape(bytes([c])), c) for c in name.encode())
        self._valued = re.compile(re.escape(self.quoted) + rb'[ \t\n\r]*+:[ \t\n\r]*+("[^"\\]*+")')
        self._escaped = re.compile(b'"' + b"".join(letters) + b'"')

    def only_text(self, body: bytes) -> tuple[int, int] | None:
        """Return where the value is, if the name is found once only and the value is plain text."""
        start = body.find(self.quoted)
        found = self._valued.match(body, start) if start > 0 else None
        if found is None or body[start - 1] == _BACKSLASH or b"\\u00" in body:
            return None
        if body.find(self.quoted, found.end()) >= 0:
            return None
        return found.span(1)

    def values(self, body: bytes, *, depth: int, present: bool = False) -> list[tuple[int, int]]:
        """Return where the values of the key begin and end, at one depth of objects and lists."""
        places = list(self._places(body))
        if present and len(places) == 1:
            return [(end, _end_of_value(body, end)) for _, end in places]
        found: list[tuple[int, int]] = []
        at, level = 0, 0
        for start, end in places:
            level += _opened(body[at:start])
            at = start
            if level == depth:
                found.append((end, _end_of_value(body, end)))
        return found

    def _places(self, body: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the key begins, and where its value does."""
        for start, end in self._names(body):
            colon = _COLON.match(body, end)
            if colon is not None and body[start - 1] != _BACKSLASH:
                yield start, colon.end()

    def _names(self, body: bytes) -> Iterator[tuple[int, int]]:
        if b"\\u00" in body:
            yield from (match.span() for match in self._escaped.finditer(body))
            return
        start = body.find(self.quoted)
        while start >= 0:
            yield start, start + len(self.quoted)
            start = body.find(self.quoted, start + len(self.quoted))


def _opened(part: bytes) -> int:
    """Return how many more objects and lists a part opens than it closes."""
    bare = _STRING.sub(b"", part)
    opened = bare.count(b"{") + bare.count(b"[")
    return opened - bare.count(b"}") - bare.count(b"]")


def _end_of_value(body: bytes, start: int) -> int:
    first = body[start : start + 1]
    if first == b'"':
        found = _STRING.match(body, start)
    elif first in (b"{", b"["):
        return _end_of_nested(body, start)
    else:
        found = _SCALAR.match(body, start)
    if found is None:
        raise ValueError("the value is not valid JSON")
    return found.end()


def _end_of_nested(body: bytes, start: int) -> int:
    level = 0
    for token in _TOKEN.finditer(body, start):
        mark = token[0]
        if mark in (b"{", b"["):
            level += 1
        elif mark in (b"}", b"]"):
            level -= 1
            if not level:
                return token.end()
    raise ValueError("the value is not valid JSON")


def _edited(body: bytes, edits: list[tuple[int, int, bytes]], missing: list[bytes]) -> bytes:
    if not edits and not missing:
        return body
    parts: list[bytes] = []
    at = 0
    if missing:
        at = body.index(b"{") + 1
        parts = [body[:at], b",".join(missing)]
        if not body[at:].lstrip().startswith(b"}"):
            parts.append(b",")
    for start, end, value in sorted(edits):
        parts += (body[at:start], value)
        at = end
    parts.append(body[at:])
    return b"".join(parts)
