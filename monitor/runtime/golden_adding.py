"""Recorded answers that become golden cases."""

from __future__ import annotations

from guards.exchange import Message
from guards.golden_case import GoldenCase, GoldenSetError, case_of
from monitor.errors import BadGoldenSet, Conflict, NotFound
from monitor.ports.golden import FromExchange
from monitor.ports.record import ExchangeStore, RecordedExchange

_RAW = "prompt"  # the role of raw text


def case_from(exchanges: ExchangeStore, wanted: FromExchange) -> tuple[str, GoldenCase]:
    """Return the deployment whose set a recorded answer's case goes to, and the case; blocks.

    Its id is made of the answer's, so that adding it again corrects it.

    Raises:
        NotFound: there is no such answer.
        Conflict: its text, or all that it was asked by, is not on record.
        BadGoldenSet: what it should have been cannot be used.
    """
    found = exchanges.find(wanted.exchange)
    if found is None:
        raise NotFound(f"there is no answer with the id {wanted.exchange!r} on record")
    messages = _messages(exchanges, found, wanted.system)
    record = {
        "id": f"exchange-{found.id}",
        **_asked(messages),
        "expect": _expectation(wanted),
        "slice": wanted.slice,
        "critical": wanted.critical,
    }
    try:
        return wanted.deployment or found.deployment, case_of(record)
    except GoldenSetError as error:
        raise BadGoldenSet(str(error)) from error


def _messages(
    exchanges: ExchangeStore, found: RecordedExchange, system: str | None
) -> tuple[Message, ...]:
    """Return the conversation, proved to be the one by the hash on record: its last turn is kept."""
    if found.prompt is None:
        raise Conflict(
            f"the text of {found.id} is not on record: set record.text to true to keep texts, or "
            "write the case into the golden file by hand"
        )
    turn = Message(role="user", content=found.prompt)
    before = () if system is None else (Message(role="system", content=system),)
    raw = (Message(role=_RAW, content=found.prompt),)
    asked = exchanges.asked(found.id, [(*before, turn), *([] if before else [raw])])
    if asked is None:
        raise Conflict(
            f"{found.id} was asked by more than its last turn, which alone is on record: give the "
            "system prompt that came before it, word for word, or write the case by hand"
        )
    return asked


def _asked(messages: tuple[Message, ...]) -> dict[str, object]:
    if messages[0].role == _RAW:
        return {"prompt": messages[0].content}
    return {"messages": [{"role": each.role, "content": each.content} for each in messages]}


def _expectation(wanted: FromExchange) -> object:
    if (wanted.corrected is None) == (wanted.expectation is None):
        raise BadGoldenSet("give either the corrected answer or an expectation")
    return wanted.corrected if wanted.expectation is None else wanted.expectation
