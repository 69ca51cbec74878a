"""The demo's story, undisturbed and with the service killed in the middle of each step."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.cli.client import Client
from monitor.demo import stage as stages
from monitor.demo import task
from monitor.demo.cast import MODEL
from monitor.demo.figures import Figures
from monitor.demo.receiver import Receiver
from monitor.demo.stage import Service
from monitor.demo.story import Story
from tests.e2e.conftest import CACHE
from tests.e2e.saboteur import Saboteur, StubbornOperator

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("story")]

_KILL_AFTER_S = 0.15  # a golden run of the gate takes longer than that


def test_the_demo_keeps_the_whole_promise(adapters: Mapping[str, Path], root: Path) -> None:
    """The command of the README ends well, and its figures say that every step happened."""
    (root / "adapters").symlink_to(CACHE / "demo" / "adapters")
    command = [sys.executable, "-m", "monitor.cli", "demo", "--exit", "--json"]
    ran = subprocess.run(
        [*command, "--folder", str(root)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["gate_refused"]
    assert figures["phase"] == "proved"
    assert figures["false_rollbacks"] == 0
    assert 0 < figures["exposure"] == figures["exposure_seen"]
    assert figures["late"] == 0
    assert len(figures["alert_ids"]) == 1
    assert "roll" in figures["chat_message"]
    assert figures["audit_intact"]
    assert not figures["failures"]
    assert figures["right"]["v3"] > figures["right"]["v2"]


async def test_killed_in_the_middle_of_each_step_the_story_goes_on(
    adapters: Mapping[str, Path], root: Path
) -> None:
    """kill -9 six times: one rollback, one alert id, an intact audit trail, v3 serves."""
    figures, struck = await _disturbed(adapters, root)
    assert struck == ["gate of v1", "v1 serves", "gate of v2", "v2 serves", "flip", "v3 serves"]
    assert figures.phase == "proved"
    assert figures.false_rollbacks == 0
    assert figures.exposure >= 1
    assert len(figures.alert_ids) == 1
    assert figures.audit_intact


async def _disturbed(adapters: Mapping[str, Path], root: Path) -> tuple[Figures, list[str]]:
    receiver = Receiver()
    await receiver.start()
    stage = stages.set_up(
        root, model=MODEL, schema=json.dumps(task.SCHEMA), receiver=receiver.address
    )
    receiver.trust(stage.secret)
    service = Service(stage)
    try:
        await service.start()
        saboteur = Saboteur(service)
        client = Client(url=stage.url, token=stage.token("operator"))
        operator = StubbornOperator(client, saboteur, lambda words: _at_gates(saboteur, words))
        story = Story(
            stage=stage,
            operator=operator,
            receiver=receiver,
            versions=adapters,
            say=lambda words: None,
            seed=1,
            rate=20.0,
            least=60,
        )
        watching = asyncio.create_task(_strike_in_traffic(story, saboteur, client))
        try:
            figures = await story.tell()
        finally:
            watching.cancel()
            await saboteur.finish()
        return figures, saboteur.moments
    finally:
        await service.stop()
        await receiver.stop()


def _at_gates(saboteur: Saboteur, words: str) -> None:
    """Kill while the golden gate of the first and second promotion is at work."""
    if words.startswith("POST") and words.endswith("/promote"):
        moment = "gate of v2" if "v1 serves" in saboteur.moments else "gate of v1"
        threading.Timer(_KILL_AFTER_S, saboteur.strike, [moment]).start()


async def _strike_in_traffic(story: Story, saboteur: Saboteur, client: Client) -> None:
    """Kill in the middle of each version's traffic, and right after the flip."""
    while True:
        served = list(story.callers.served_by().values())
        if served and served[0] > 30:
            saboteur.strike("v1 serves")
        if len(served) > 1 and served[1] > 2:
            saboteur.strike("v2 serves")
        if "v2 serves" in saboteur.moments and await _has_incident(saboteur, client):
            saboteur.strike("flip")
        if len(served) > 2 and served[2] > 30:
            saboteur.strike("v3 serves")
        await asyncio.sleep(0.02)  # the test's own clock: there is no signal for such moments


async def _has_incident(saboteur: Saboteur, client: Client) -> bool:
    try:
        await asyncio.to_thread(saboteur.wait)
        return bool(await asyncio.to_thread(client.get, "/api/incidents"))
    except Exception:  # the service may be away at this very moment
        return False
