"""Makes a message fit into what a channel takes: the longest words are cut, the link stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from monitor.alerts import inert
from monitor.ports.alerts import Message

_ELLIPSIS = "…"
_LEAST = 16  # characters that are left of the longest words before rows are left out

Escape = Callable[[str], str]


def fitted(
    message: Message, limit: int, *, title: int, words: int, escape: Escape = str
) -> Message:
    """Return a message whose words are inert and fit, title, labels and words together.

    Args:
        limit: most characters of the whole, as escaped.
        title, words: most characters of the title, and of one row's words, as escaped.
        escape: writes words in the channel's markup.
    """
    heading = escaped(inert.words(message.title), title, escape) or "Backstop"
    plain = {label: inert.words(said) for label, said in message.rows}
    rows = [(label, escaped(said, words, escape)) for label, said in plain.items() if said]
    while _length(heading, rows) > limit and rows:
        place = max(range(len(rows)), key=lambda each: len(rows[each][1]))
        label, said = rows[place]
        if len(said) <= _LEAST:
            rows.pop()
        else:
            rows[place] = (label, escaped(plain[label], len(said) // 2, escape))
    return replace(message, title=heading, rows=tuple(rows))


def escaped(text: str, limit: int, escape: Escape) -> str:
    """Return at most `limit` characters of markup; it is cut before escaping, never in an escape.

    >>> escaped("a<b", 4, lambda text: text.replace("<", "&lt;"))
    'a…'
    """
    text = shortened(text, limit)
    said = escape(text)
    while len(said) > limit and text:
        text = shortened(text, max(len(text) * limit // len(said), 1) if len(text) > 1 else 0)
        said = escape(text)
    return said


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, with an ellipsis where it was cut.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    if len(text) <= limit:
        return text
    return text[: limit - 1] + _ELLIPSIS if limit > 0 else ""


def lines(message: Message, limit: int, *, escape: Escape = str) -> str:
    """Return a message as lines of text of at most `limit` characters, its link the last one."""
    link = message.link or ""
    head = f"[{message.severity}] "
    rest = limit - len(link) - len(head) - 1 - 3 * len(message.rows)  # ": " and the line's end
    fit = fitted(message, rest, title=min(200, rest), words=rest, escape=escape)
    told = [head + fit.title]
    told += [f"{label}: {said}" for label, said in fit.rows]
    return "\n".join([*told, link] if link else told)


def _length(title: str, rows: list[tuple[str, str]]) -> int:
    return len(title) + sum(len(label) + len(said) for label, said in rows)
