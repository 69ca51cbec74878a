"""Observations as one compact value."""

from __future__ import annotations

import msgspec
import pytest

from monitor.ports.record import Observed
from monitor.storage import observation_items
from rollback.dealing import deal
from rollback.observation import Observation
from tests.handed import NAME, START, VERSION


def observed(number: int) -> Observed:
    """Return what a judge is told of a graded answer."""
    return Observed(
        deployment=NAME,
        adapter=VERSION,
        epoch=1,
        own_reference=False,
        observation=Observation(
            exchange_id=f"answer-{number}",
            at=START,
            scores={"length": float(number)},
            pair=-0.5 if number % 2 else None,
            grade=0.25,
            words=bytes([number, 0]) if number != 2 else None,
            category=number,
            prompt_distance=number / 3.0,
            caller="0f3a" if number else None,
            beside=number == 1,
            dealt=deal("c1", "ann", 0.25) if number else None,
            worth=0.75 if number else None,
        ),
    )


def test_what_is_packed_comes_out_again() -> None:
    """To the last bit."""
    items = tuple(observed(n) for n in range(3))
    assert observation_items.unpack(observation_items.pack(items)) == items


@pytest.mark.parametrize("known", [7, 8, 9])
def test_what_an_older_version_packed_is_read(known: int) -> None:
    """Without a prompt's category and a caller; before that without words, or without grades."""
    raw = msgspec.msgpack.decode(observation_items.pack([observed(1)]))
    (read,) = observation_items.unpack(msgspec.msgpack.encode(raw[: known + 1]))
    assert read.observation.pair == -0.5
    assert read.observation.grade == (0.25 if known >= 8 else None)
    assert read.observation.words == (bytes([1, 0]) if known == 9 else None)
    assert read.observation.category is None
    assert read.observation.caller is None
