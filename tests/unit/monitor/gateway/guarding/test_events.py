"""Events out of parts of a stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.gateway import sse
from monitor.gateway.guarding.events import Events, Overlong

_PIECES = st.sampled_from(
    [b"data: a", b"data:b", b"\r", b"\n", b"\r\n", b"\n\n", b": c", b"data: "]
)


@given(st.lists(_PIECES, max_size=12).map(b"".join), st.lists(st.integers(0, 60), max_size=6))
@example(b"data: a\r\n\n", [])
def test_parts_give_the_events_of_the_whole(stream: bytes, cuts: list[int]) -> None:
    """Wherever a stream is cut, in the middle of a line end too."""
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    events = Events(1 << 20)
    found = [each for a, b in itertools.pairwise(places) for each in events.feed(stream[a:b])]
    assert found + events.end() == list(sse.events(stream))


def test_an_event_without_end_is_refused() -> None:
    """Nobody makes it hold more than its bound and one part."""
    events = Events(100)
    events.feed(b"data: " + b"x" * 90)
    with pytest.raises(Overlong):
        events.feed(b"x" * 20)
