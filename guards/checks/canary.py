"""Canary tokens: planted words that must never come out, plain or in a usual encoding."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from guards.checks.context import GuardContext
from guards.checks.pattern import Pattern, sure

_LEAST = 8  # characters of an encoded form


def patterns(context: GuardContext) -> tuple[Pattern, ...]:
    """Return the pattern of the context's canaries; none where there are none.

    Looked for as they are (in either case), backwards, in hexadecimal, percent-encoded and in the
    escapes of JSON (every character, or what URLs need), and in Base64 at each of the three places
    within a longer text.
    """
    forms = sorted({form for token in context.canaries for form in _forms(token)}, key=len)
    if not forms:
        return ()
    words = "|".join(map(re.escape, reversed(forms)))
    return (
        Pattern(
            kind="canary",
            expression=re.compile(words, re.IGNORECASE),
            test=sure(1.0),
            shortest=len(forms[0]),
            plain=True,
        ),
    )


def _forms(token: str) -> set[str]:
    raw = token.encode()
    encoded = {_inside(raw, shift) for shift in range(3)}
    escaped = {
        quote(token, safe=""),
        "".join(f"%{byte:02x}" for byte in raw),
        "".join(f"\\u{byte:04x}" for byte in raw),
    }
    return {
        token,
        token[::-1],
        raw.hex(),
        *escaped,
        *(form for form in encoded if len(form) >= _LEAST),
    }


def _inside(raw: bytes, shift: int) -> str:
    """Return the Base64 characters that depend on these bytes alone, behind `shift` others."""
    whole = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
    first = (0, 2, 3)[shift]
    last = len(whole) if (shift + len(raw)) % 3 == 0 else len(whole) - 1
    return whole[first:last]
