"""What a notice says in words: made once, drawn by each channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.alerts import advice
from monitor.ports.alerts import Delivery, Message, Notice

_BASE_MODEL = "the base model"
_SIGNS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
_OVER = "🟢"
_LONGEST_FACT = 4_000  # characters of one string that machines get


def compose(delivery: Delivery, picture: bytes | None = None) -> Message:
    """Return the message of a delivery.

    These keys of `facts` are known: `deployment`, `since` (ISO 8601), `reason`, `from` and `to` (a
    version's name, or null for the base model), `exposure` (answers), `durations` (step in words, to
    seconds), `actor`, `link`. What is not there is left out.

    Args:
        picture: PNG of the evidence.
    """
    notice = delivery.notice
    return Message(
        id=notice.id,
        kind=notice.kind,
        severity=notice.severity,
        title=_title(delivery),
        rows=tuple((label, words) for label, words in _rows(delivery) if words),
        link=_link(notice),
        facts=_clipped(notice.facts),
        created_at=notice.created_at,
        count=delivery.count,
        picture=picture,
    )


def sign(message: Message) -> str:
    """Return the coloured sign of a severity; an end has its own."""
    return _OVER if message.kind == "resolved" else _SIGNS.get(message.severity, _SIGNS["critical"])


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


def _title(delivery: Delivery) -> str:
    more = delivery.count - 1
    return f"{delivery.notice.title} (and {more:,} more)" if more else delivery.notice.title


def _rows(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    notice, facts = delivery.notice, delivery.notice.facts
    names = {key: _version(facts, key) for key in ("from", "to") if key in facts} | {
        key: str(facts[key]) for key in ("proof", "report", "receiver") if key in facts
    }
    return (
        ("Deployment", _text(facts.get("deployment"))),
        ("Since", _since(notice)),
        ("Why", _text(facts.get("reason"))),
        ("From", _version(facts, "from")),
        ("To", _version(facts, "to")),
        ("Exposure", _exposure(facts.get("exposure"))),
        ("How long", _durations(facts.get("durations"))),
        ("By", _text(facts.get("actor"))),
        ("Backstop", advice.done(notice.kind, names)),
        ("To do", advice.left(notice.kind, names)),
        ("Together with", "; ".join(delivery.others)),
        ("Instead of", _escalated(delivery.escalated_from)),
    )


def _since(notice: Notice) -> str:
    told = notice.facts.get("since")
    try:
        since = datetime.fromisoformat(told) if isinstance(told, str) else notice.created_at
    except ValueError:
        since = notice.created_at
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _link(notice: Notice) -> str | None:
    """Return the address of the page about it; only http and https addresses count."""
    address = notice.facts.get("link")
    if isinstance(address, str) and address.startswith(("http://", "https://")):
        return "".join(sign for sign in address if sign.isprintable() and not sign.isspace())
    return None


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _version(facts: Mapping[str, Any], key: str) -> str:
    if key not in facts:
        return ""
    return _BASE_MODEL if facts[key] is None else str(facts[key])


def _exposure(answers: object) -> str:
    if not isinstance(answers, int):
        return ""
    return "1 answer" if answers == 1 else f"{answers:,} answers"


def _durations(durations: object) -> str:
    if not isinstance(durations, Mapping):
        return ""
    return ", ".join(
        f"{step} {spell_seconds(seconds)}"
        for step, seconds in durations.items()
        if isinstance(seconds, int | float)
    )


def _escalated(receiver: str | None) -> str:
    return "" if receiver is None else f"{receiver}, which could not be reached"


def _clipped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _clipped(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clipped(each) for each in value]
    if isinstance(value, str) and len(value) > _LONGEST_FACT:
        return value[: _LONGEST_FACT - 1] + "…"
    return value
