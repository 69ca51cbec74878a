"""Postgres hangs, or is stopped and started, under load."""

from __future__ import annotations

import time

import pytest

from tests.chaos.conftest import Scene

pytestmark = pytest.mark.chaos

_MOST_STALL_S = 0.050
_BEFORE_S = _AFTER_S = 5.0


def test_postgres_hangs(scene: Scene, trouble_s: float) -> None:
    """While Postgres hangs nobody is refused, no event loop stalls, and every row arrives afterwards."""
    with scene.load() as load:
        time.sleep(_BEFORE_S)
        scene.database.hang()
        try:
            time.sleep(trouble_s)
        finally:
            scene.database.go_on()
        time.sleep(_AFTER_S)
    _nothing_was_felt(scene, load.streams, load.failed)


def test_postgres_is_stopped_and_started(scene: Scene, trouble_s: float) -> None:
    """While Postgres is gone nobody is refused, no event loop stalls, and every row arrives afterwards."""
    with scene.load() as load:
        time.sleep(_BEFORE_S)
        scene.database.stop()
        time.sleep(trouble_s)
        scene.database.start()
        time.sleep(_AFTER_S)
    _nothing_was_felt(scene, load.streams, load.failed)


def _nothing_was_felt(scene: Scene, asked: int, failed: int) -> None:
    assert failed == 0
    scene.await_answers(asked)
    assert scene.answers == asked
    assert scene.dropped == 0
    assert scene.longest_stall_s <= _MOST_STALL_S
