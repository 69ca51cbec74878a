"""Processes of the service are killed, or hang, under load."""

from __future__ import annotations

import signal
import time
from urllib.parse import quote

import pytest

from monitor.errors import BackstopError
from tests.chaos.conftest import STREAMS, Scene, await_that

pytestmark = pytest.mark.chaos

_BEFORE_S = _AFTER_S = 3.0
_BETWEEN_S = 2.0
_SHORT = 6.0  # what a process does is over sooner than what a database does


def test_the_scorer_is_killed_again_and_again(scene: Scene, trouble_s: float) -> None:
    """Callers feel nothing, and every answer is recorded once."""
    with scene.load() as load:
        time.sleep(_BEFORE_S)
        for _ in range(int(trouble_s / _SHORT / _BETWEEN_S) + 1):
            await_that(lambda: "scorer" in scene.service.processes(), "a scorer", 30)
            scene.service.kill("scorer")
            time.sleep(_BETWEEN_S)
        time.sleep(_AFTER_S)
    assert load.failed == 0
    scene.await_answers(load.streams)
    assert scene.answers == load.streams
    assert scene.dropped == 0


def test_the_scorer_hangs(scene: Scene, trouble_s: float) -> None:
    """Callers feel nothing; what waited is recorded when the scorer goes on."""
    with scene.load() as load:
        time.sleep(_BEFORE_S)
        scene.service.kill("scorer", signal.SIGSTOP)
        time.sleep(trouble_s / _SHORT)
        scene.service.kill("scorer", signal.SIGCONT)
        time.sleep(_AFTER_S)
    assert load.failed == 0
    scene.await_answers(load.streams)
    assert scene.answers == load.streams
    assert scene.dropped == 0


def test_control_is_killed(scene: Scene, trouble_s: float) -> None:
    """Callers feel nothing, and a new control leads."""
    with scene.load() as load:
        time.sleep(_BEFORE_S)
        dead = scene.service.kill("control")
        await_that(lambda: scene.service.processes().get("control", dead) != dead, "control", 30)
        time.sleep(trouble_s / _SHORT)
    assert load.failed == 0
    scene.await_answers(load.streams)
    await_that(lambda: _serves_operators(scene), "operators are served again", 60)


def test_a_gateway_is_killed(scene: Scene) -> None:
    """Its own streams break, the other gateway's do not, and a new one takes its place."""
    with scene.load() as before:
        time.sleep(_BEFORE_S)
        dead = scene.service.kill("gateway-0")
        time.sleep(_BEFORE_S)
    assert 0 < before.failed < STREAMS
    await_that(
        lambda: scene.service.processes().get("gateway-0", dead) != dead, "a new gateway", 30
    )
    with scene.load() as after:
        time.sleep(_BEFORE_S)
    assert after.failed == 0


def _serves_operators(scene: Scene) -> bool:
    try:
        seen = scene.service.operators.get(f"/api/adapters/{quote(scene.version)}")
    except BackstopError:
        return False
    return bool(seen["name"] == scene.version)
