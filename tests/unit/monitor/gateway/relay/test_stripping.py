"""Taking log-probabilities out of answers."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gateway.relay.stripping import StreamStripping, strip_whole

WITH = b'{"id":1,"choices":[{"logprobs":{"content":[{"token":"}","logprob":-1}]},"text":"a"}]}'
WITHOUT = b'{"id":1,"choices":[{"logprobs":null,"text":"a"}]}'
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def test_a_whole_answer_loses_them_and_nothing_else() -> None:
    """The value becomes null, as it would be without."""
    assert strip_whole(WITH) == WITHOUT
    assert strip_whole(WITHOUT) == WITHOUT


@pytest.mark.parametrize("body", [b"", b"oops", b'{"choices":[{"logprobs":{', b"\xff\xfe", b"[1]"])
def test_what_is_no_answer_stays(body: bytes) -> None:
    """It is the engine's own words."""
    assert strip_whole(body) == body


@given(ends=st.lists(ENDS, min_size=6, max_size=6), cuts=st.lists(st.integers(0, 600), max_size=9))
def test_a_stream_loses_them_however_it_is_cut(ends: list[bytes], cuts: list[int]) -> None:
    """Lines may end in three ways, and chunks may end anywhere."""
    first, second, third, fourth, fifth, sixth = ends

    def stream(frame: bytes) -> bytes:
        lines = (
            b"data: " + frame + first + second,
            b": logprobs" + third,
            b"data:" + frame + fourth,
        )
        return b"".join((*lines, fifth, b"data: [DONE]", sixth, b"data: " + frame))

    given_, shown = stream(WITH), stream(WITHOUT)
    marks = sorted({0, len(given_), *(cut for cut in cuts if cut < len(given_))})
    stripping = StreamStripping()
    parts = [stripping.feed(given_[a:b]) for a, b in pairwise(marks)]
    assert b"".join(parts) + stripping.end() == shown


def test_a_line_goes_on_when_it_is_complete() -> None:
    """Not before, and not later."""
    stripping = StreamStripping()
    assert stripping.feed(b"data: " + WITH[:40]) == b""
    assert stripping.feed(WITH[40:] + b"\n") == b"data: " + WITHOUT + b"\n"
    assert stripping.feed(b"\n") == b"\n"


def test_a_line_without_end_is_not_held_for_ever() -> None:
    """Memory is bounded: it goes on as it is."""
    stripping = StreamStripping()
    part = b"x" * (1 << 20)
    passed = sum(len(stripping.feed(part)) for _ in range(20))
    assert passed + len(stripping.end()) == 20 << 20
    assert passed >= 16 << 20


def test_the_example_is_json() -> None:
    """So that the tests above are about answers."""
    assert json.loads(WITH)["choices"][0]["text"] == json.loads(WITHOUT)["choices"][0]["text"]
