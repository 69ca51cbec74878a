"""The engine is killed under load, and comes back without any adapter."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace

import pytest

from bench.peers import programs, streams, upstream
from tests.chaos.conftest import Scene, await_that

pytestmark = pytest.mark.chaos

_RELOAD_LIMIT_S = 15.0
_LOAD_S = 3.0


def test_the_engine_comes_back_empty(scene: Scene) -> None:
    """The active version is loaded again, and answers; nobody is answered by another one."""
    with scene.load() as broken:
        time.sleep(_LOAD_S)
        scene.engine.process.kill()
        scene.engine.process.wait()
        time.sleep(_LOAD_S)
    assert broken.failed > 0
    port = scene.engine.port
    process = programs.start(
        "upstream", upstream.command(port), port=port, folder=scene.folder
    ).process
    scene.engine = replace(scene.engine, process=process)
    programs.wait_until_it_listens(scene.engine)
    await_that(lambda: _serves(scene), "the version is loaded again", _RELOAD_LIMIT_S)
    with scene.load() as whole:
        time.sleep(_LOAD_S)
    assert whole.failed == 0
    served = {model for _, models, _ in whole.seen["asked"] for model in models}
    assert served == {scene.version}


def _serves(scene: Scene) -> bool:
    """Whether a stream comes to its end."""
    out = scene.folder / "probe.json"
    target = scene.service
    few = {"streams": 1, "events": 2, "interval_ms": 1, "seconds": 10}
    subprocess.run(streams.command(target.url, out, token=target.caller, **few), check=True)
    seen = json.loads(out.read_text())
    return bool(seen["streams"] == 1 and not seen["broken"])
