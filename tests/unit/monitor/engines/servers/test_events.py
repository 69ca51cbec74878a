"""Server-sent events, cut anywhere."""

from __future__ import annotations

import pytest

from monitor.engines.servers.events import EventReader
from monitor.errors import EngineError

_STREAM = (
    b': ping\r\n\r\ndata: {"text": "na\xc3\xafve"}\r\n\r\n'
    b'event: message\ndata:{"text": "a\\nb"}\n\ndata: [DONE]\n\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, len(_STREAM)])
def test_events_are_the_same_however_they_are_cut(size: int) -> None:
    """Comments and other fields are passed over."""
    reader = EventReader()
    parts = [_STREAM[start : start + size] for start in range(0, len(_STREAM), size)]
    events = [event for part in parts for event in reader.feed(part)]
    assert events == [{"text": "naïve"}, {"text": "a\nb"}]
    assert reader.done


def test_an_answer_is_not_done_before_it_says_so() -> None:
    """A line that is not complete is no event yet."""
    reader = EventReader()
    assert reader.feed(b'data: {"text": "a"}\n\ndata: [DO') == [{"text": "a"}]
    assert not reader.done


@pytest.mark.parametrize(
    ("line", "words"),
    [(b"data: <html>\n", "not JSON"), (b"data: [1]\n", "no object"), (b"x" * (2**24 + 1), "bytes")],
)
def test_what_is_no_event_is_an_engine_error(line: bytes, words: str) -> None:
    """Also a line without an end."""
    with pytest.raises(EngineError, match=words):
        EventReader().feed(line)
