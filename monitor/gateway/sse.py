"""Server-sent events, read from a stream that lies there whole (WHATWG HTML, section 9.2.6)."""

from __future__ import annotations

from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
_NEXT = b"\n\ndata: "


def events(stream: bytes) -> Iterator[bytes]:
    r"""Yield the data of each event, in order.

    Lines end with CR, LF or CRLF, mixed at will; comments and all fields but `data` are passed
    over. Unlike a browser, it also yields an event that no blank line ends: some servers leave the
    last one out.

    >>> list(events(b": hello\r\ndata: a\r\ndata:b\r\n\r\nid: 1\n\ndata: [DONE]"))
    [b'a\nb', b'[DONE]']
    """
    if b"\r" in stream:
        stream = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, *rest = stream.removeprefix(BOM).split(_NEXT)
    yield from _by_line(first)
    for block in rest:
        if b"\n" in block:
            yield from _by_line(b"data: " + block)
        else:  # one line of data and nothing else, as nearly all are
            yield block


def _by_line(block: bytes) -> Iterator[bytes]:
    data: list[bytes] = []
    for line in (*block.split(b"\n"), b""):
        if line.startswith(b"data:"):
            data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
        elif line == b"data":
            data.append(b"")
        elif not line and data:
            yield b"\n".join(data)
            data = []
