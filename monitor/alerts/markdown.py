"""Words and links in the Markdown of chats.

Source: https://spec.commonmark.org/0.31.2/#backslash-escapes, for Mattermost and Discord alike.
"""

from __future__ import annotations

import re

_MEANT = re.compile(r"[\\`*_{}\[\]()#+\-.!|~<>:=&$]")
_IN_LINKS = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", '"': "%22", "\\": "%5C", "`": "%60"}


def escape(words: str) -> str:
    r"""Return words in which no sign is markup.

    >>> print(escape("[a](b) *c* <@1>"))
    \[a\]\(b\) \*c\* \<@1\>
    """
    return _MEANT.sub(r"\\\g<0>", words)


def link(label: str, address: str | None) -> str:
    """Return a link, or nothing without an address.

    >>> link("Open", "https://example.org/(a)")
    '[Open](https://example.org/%28a%29)'
    """
    if address is None:
        return ""
    safe = "".join(_IN_LINKS.get(sign, sign) for sign in address)
    return f"[{label}]({safe})"
