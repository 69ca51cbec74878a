"""Runs the demo: stage, receiver, service, story; and puts everything away."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.demo import stage as stages
from monitor.demo import task
from monitor.demo.cast import MODEL
from monitor.demo.figures import Figures
from monitor.demo.receiver import Receiver
from monitor.demo.stage import Service, Stage
from monitor.demo.story import Operator, Story

_LEAST = 200  # answers of each good version


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the story is told.

    Args:
        versions: folder of each version's adapter.
        rate: requests per second.
        stay: whether the page stays up until Ctrl-C.
    """

    root: Path
    versions: Mapping[str, Path]
    seed: int
    rate: float
    stay: bool


async def run(
    setting: Setting,
    *,
    operator: Callable[[Stage], Operator],
    say: Callable[[str], None],
    finish: Callable[[Figures], None],
) -> Figures:
    """Tell the story once and return its figures; everything that was started is ended."""
    receiver = Receiver()
    await receiver.start()
    stage = stages.set_up(
        setting.root, model=MODEL, schema=json.dumps(task.SCHEMA), receiver=receiver.address
    )
    receiver.trust(stage.secret)
    service = Service(stage)
    try:
        say("starting the service: a real Postgres, a real model, real HTTP")
        await service.start()
        say(f"the page is {stage.url}/ (token: {stage.folder / 'data' / 'operator.token'})")
        story = Story(
            stage=stage,
            operator=operator(stage),
            receiver=receiver,
            versions=setting.versions,
            say=say,
            seed=setting.seed,
            rate=setting.rate,
            least=_LEAST,
        )
        figures = await story.tell()
        finish(figures)
        if setting.stay:
            say("the page stays up until Ctrl-C")
            await _interrupted()
    finally:
        await service.stop()
        await receiver.stop()
    return figures


async def _interrupted() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    loop, pressed = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, pressed.set)
    await pressed.wait()
