"""Postgres hangs, or is stopped and started, under load."""

from __future__ import annotations

import time

import pytest

from bench.peers.bystander import Seen, standing_by
from bench.peers.steady import Load
from tests.chaos.conftest import Scene

pytestmark = pytest.mark.chaos

_MOST_STALL_S = 0.050
_BEFORE_S = _AFTER_S = 5.0


def test_postgres_hangs(scene: Scene, trouble_s: float) -> None:
    """While Postgres hangs nobody is refused, no event loop stalls, and every row arrives afterwards."""
    with standing_by(scene.folder / "lag.json") as machine, scene.load() as load:
        time.sleep(_BEFORE_S)
        scene.database.hang()
        try:
            time.sleep(trouble_s)
        finally:
            scene.database.go_on()
        time.sleep(_AFTER_S)
    _nothing_was_felt(scene, load, machine)


def test_postgres_is_stopped_and_started(scene: Scene, trouble_s: float) -> None:
    """While Postgres is gone nobody is refused, no event loop stalls, and every row arrives afterwards."""
    with standing_by(scene.folder / "lag.json") as machine, scene.load() as load:
        time.sleep(_BEFORE_S)
        scene.database.stop()
        time.sleep(trouble_s)
        scene.database.start()
        time.sleep(_AFTER_S)
    _nothing_was_felt(scene, load, machine)


def _nothing_was_felt(scene: Scene, load: Load, machine: Seen) -> None:
    """Compare with what was asked for, and with an event loop that had nothing to do."""
    assert load.failed == 0
    scene.await_answers(load.streams)
    stall_s = scene.longest_stall_s
    print(
        f"{load.streams} answers, {load.failed} failed, {scene.answers} recorded, "
        f"{scene.dropped:.0f} dropped, longest stall {1000 * stall_s:.0f} ms, "
        f"of an idle event loop {1000 * machine.most_s:.0f} ms"
    )
    assert scene.answers == load.streams
    assert scene.dropped == 0
    assert stall_s <= _MOST_STALL_S + machine.most_s
