"""Server-sent events, read from a stream that lies there whole (WHATWG HTML, section 9.2.6)."""

from __future__ import annotations

from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"


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
    for block in stream.removeprefix(BOM).split(b"\n\n"):
        if block[:6] == b"data: " and b"\n" not in block:  # as nearly all are
            yield block[6:]
            continue
        data = [_value(line) for line in block.split(b"\n") if line[:5] in (b"data:", b"data")]
        if data:
            yield b"\n".join(data)


def _value(line: bytes) -> bytes:
    return line[6:] if line.startswith(b" ", 5) else line[5:]
