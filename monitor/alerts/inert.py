"""Makes words inert: a model may have written them, and no channel may act on them.

What is invisible or turns the direction of writing goes away, lines become one, no address becomes a
link, and nobody is mentioned. What a channel's own markup needs beyond that stands with its sender.

Sources: Unicode TR 36 (security considerations), ECMA-48 (control sequences).
"""

from __future__ import annotations

import re
import unicodedata

ZERO_WIDTH = "\u200b"
_MOST_READ = 20_000  # characters; no channel shows as many
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_][0-?]*[ -/]*[@-~]?|\x9b[0-?]*[ -/]*[@-~]?"
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # writing needs them, and emoji
_MENTION = re.compile(  # a chat reads `@here_` and `@here\_` as the word with a sign after it
    r"@(?=(?:here|channel|everyone|all|group|room|team)(?![A-Za-z0-9]))|(?<![A-Za-z0-9])@(?=\S)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?<=[A-Za-z0-9]):(?=//)")
_BARE = re.compile(r"\b(www|mailto|tel|xmpp|javascript)(?=[.:])", re.IGNORECASE)


def words(text: str) -> str:
    """Return a text on one line that mentions nobody, links nowhere, and hides nothing.

    >>> words("\\x1b[31mred\\x1b[0m @here\\nhttp://evil.example").encode("ascii", "backslashreplace")
    b'red @\\\\u200bhere http:\\\\u200b//evil.example'
    >>> words("support@3f9a2c1d7b04")
    'support@3f9a2c1d7b04'
    """
    return unlinked(unmentioned(visible(text)))


def visible(text: str) -> str:
    """Return a text on one line, without control sequences and without what cannot be seen.

    >>> visible("a\\u202egnp.exe\\x07 \\t b")
    'agnp.exe b'
    """
    bare = _ESCAPES.sub("", text[:_MOST_READ])
    seen = "".join(_seen(sign) for sign in bare)
    return " ".join(seen.split())


def unmentioned(text: str) -> str:
    """Return a text in which no sign `@` calls anybody; the one in a version's name stays as it is."""
    return _MENTION.sub(f"@{ZERO_WIDTH}", text)


def unlinked(text: str) -> str:
    """Return a text in which no address is one that a client turns into a link."""
    return _BARE.sub(rf"\1{ZERO_WIDTH}", _SCHEME.sub(f":{ZERO_WIDTH}", text))


def _seen(sign: str) -> str:
    if sign in "\n\t\r\v\f\u2028\u2029\x85":
        return " "
    if unicodedata.category(sign) in _HIDDEN and sign not in _JOINERS:
        return ""
    return sign
