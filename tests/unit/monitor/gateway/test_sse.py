"""Server-sent events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gateway import sse


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [b"a", b"b", b"c"]),
        (b"data: a\rdata: b\ndata: c\r\n\n", [b"a\nb\nc"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b": ping\n\n: ping\ndata: a\n\n", [b"a"]),
        (b"event: x\nid: 7\nretry: 9\ndata: a\nnonsense\n\n", [b"a"]),
        (b"data:a\n\ndata:  a\n\n", [b"a", b" a"]),
        (b"data\n\ndata:\n\n", [b"", b""]),
        (b"\n\n\n\ndata: a\n\n\n\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"data: a\x0bb\x0c\xc2\x85c\n\n", [b"a\x0bb\x0c\xc2\x85c"]),
        (b"database: a\n\n", []),
        (b"", []),
    ],
)
def test_events_are_found_however_lines_end(stream: bytes, expected: list[bytes]) -> None:
    """CR, LF and CRLF may be mixed; only `data` counts; the last event may lack its blank line."""
    assert list(sse.events(stream)) == expected


def test_a_line_of_a_megabyte_is_one_event() -> None:
    """Length is no matter."""
    assert [len(each) for each in sse.events(b"data: " + b"x" * (1 << 20) + b"\n\n")] == [1 << 20]


def by_the_letter(stream: bytes) -> list[bytes]:
    """Read a stream byte by byte, as the specification says it."""
    lines, line, previous = [], bytearray(), None
    for byte in stream.removeprefix(b"\xef\xbb\xbf"):
        if byte == 10 and previous == 13:
            pass
        elif byte in (10, 13):
            lines.append(bytes(line))
            line.clear()
        else:
            line.append(byte)
        previous = byte
    found: list[bytes] = []
    data: list[bytes] = []
    for each in [*lines, bytes(line), b""]:
        name, _, value = each.partition(b":")
        if not each and data:
            found.append(b"\n".join(data))
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return found


@pytest.mark.slow
@given(
    st.lists(
        st.sampled_from(
            [b"data", b":", b" ", b"a", b"\r", b"\n", b"\xff", b"x: ", b"\n\ndata: ", b"data: b"]
        )
    )
)
def test_any_stream_is_read_by_the_letter(pieces: list[bytes]) -> None:
    """The quick way gives what the specification's own steps give."""
    stream = b"".join(pieces)
    assert list(sse.events(stream)) == by_the_letter(stream)
