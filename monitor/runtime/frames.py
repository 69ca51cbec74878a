"""Frames on a byte stream: four bytes of length, big-endian, then the payload."""

from __future__ import annotations

import asyncio

_HEAD = 4


class FrameTooLarge(ValueError):
    """The other side announces more bytes than a frame may have."""


def framed(payload: bytes) -> bytes:
    """Return a payload with its length before it."""
    return len(payload).to_bytes(_HEAD) + payload


async def read(reader: asyncio.StreamReader, most: int) -> bytes | None:
    """Return the next payload; `None` once the other side has closed, also in mid-frame.

    Raises `FrameTooLarge` for one of more than `most` bytes.
    """
    try:
        size = int.from_bytes(await reader.readexactly(_HEAD))
        if size > most:
            raise FrameTooLarge(f"a frame of {size} bytes is over the limit of {most}")
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
