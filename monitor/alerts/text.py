"""What a notice says in words: what, why, from, to, exposure, how long, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.ports.alerts import Notice

_BASE_MODEL = "the base model"
_ELLIPSIS = "…"


def fields(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Return the facts of a notice as labels and words; facts that are not there are left out.

    These keys of `notice.facts` are known: `deployment`, `reason`, `from` and `to` (a version's
    name, or null for the base model), `exposure` (answers), `durations` (step in words, to
    seconds), `actor`.
    """
    facts = notice.facts
    rows = [
        ("Deployment", _text(facts.get("deployment"))),
        ("Why", _text(facts.get("reason"))),
        ("From", _version(facts, "from")),
        ("To", _version(facts, "to")),
        ("Exposure", _exposure(facts.get("exposure"))),
        ("How long", _durations(facts.get("durations"))),
        ("By", _text(facts.get("actor"))),
    ]
    return tuple((label, words) for label, words in rows if words)


def link(notice: Notice) -> str | None:
    """Return the address of the page about it; only http and https addresses count."""
    address = notice.facts.get("link")
    if isinstance(address, str) and address.startswith(("http://", "https://")):
        return address
    return None


def plain(notice: Notice, limit: int) -> str:
    """Return the whole notice as lines of text.

    Args:
        limit: most characters that the receiver takes.
    """
    lines = [f"[{notice.severity}] {notice.title}"]
    lines += [f"{label}: {words}" for label, words in fields(notice)]
    address = link(notice)
    if address is None:
        return shorten("\n".join(lines), limit)
    # The link is what a reader needs most, so what stands before it is cut.
    return f"{shorten(chr(10).join(lines), limit - len(address) - 1)}\n{address}"


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, with an ellipsis where it was cut.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + _ELLIPSIS


def spell_seconds(seconds: float) -> str:
    """Return a length of time in words, precise to what matters.

    >>> [spell_seconds(s) for s in (0.0312, 4.2, 75, 8000)]
    ['31 ms', '4.2 s', '1 min 15 s', '2 h 13 min']
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _version(facts: Mapping[str, Any], key: str) -> str:
    if key not in facts:
        return ""
    return _BASE_MODEL if facts[key] is None else str(facts[key])


def _exposure(answers: object) -> str:
    if not isinstance(answers, int):
        return ""
    return "1 answer" if answers == 1 else f"{answers} answers"


def _durations(durations: object) -> str:
    if not isinstance(durations, Mapping):
        return ""
    return ", ".join(
        f"{step} {spell_seconds(seconds)}"
        for step, seconds in durations.items()
        if isinstance(seconds, int | float)
    )
