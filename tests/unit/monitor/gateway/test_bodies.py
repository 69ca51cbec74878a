"""Compressed bodies."""

from __future__ import annotations

import gzip
import zlib

import pytest

from monitor.gateway.bodies import inflate
from monitor.gateway.refusal import Refusal

TEXT = b"Where is my order? " * 100


def bare(data: bytes) -> bytes:
    """Deflate without any header."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(TEXT),
        zlib.compress(TEXT),
        bare(TEXT),
        gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]),
    ],
    ids=["gzip", "zlib", "bare", "members"],
)
def test_every_kind_of_deflate_is_inflated(body: bytes) -> None:
    """`deflate` means two things in the world, and gzip may have several members."""
    assert inflate(body, len(TEXT)) == TEXT


@pytest.mark.parametrize(
    "body",
    [gzip.compress(TEXT), gzip.compress(TEXT[:-1]) + gzip.compress(b"ab")],
    ids=["one", "members"],
)
def test_a_bomb_is_refused_at_the_bound(body: bytes) -> None:
    """Nothing is inflated beyond it."""
    with pytest.raises(Refusal, match="inflates to more than") as caught:
        inflate(body, len(TEXT) - 1)
    assert caught.value.status.code == 413


@pytest.mark.parametrize(
    "body",
    [b"nonsense", gzip.compress(TEXT)[:-9], gzip.compress(TEXT) + b"x"],
    ids=["nonsense", "cut", "more"],
)
def test_a_torn_body_is_an_error(body: bytes) -> None:
    """Half of what was sent must not pass for all of it."""
    with pytest.raises(zlib.error):
        inflate(body, len(TEXT))
