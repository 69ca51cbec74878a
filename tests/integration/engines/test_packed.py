"""Packed batches give the answers and likelihoods of requests that are asked one by one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from guards.exchange import Message
from monitor.engines.local import LocalEngine
from monitor.engines.packing import Packing
from monitor.ports.engine import Generation
from tests.integration.engines.conftest import VERSIONS

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SHARED = "the router blinks red and the line is dead since monday " * 3
ENDS = ("", "why", "what shall we do now", "is it the cable", "thanks", "one more thing")
CHOICES = (" red", " the line is dead", " no")


def asked(end: str) -> Generation:
    """Return a question behind the shared beginning."""
    return Generation(
        messages=(Message(role="prompt", content=SHARED + end),),
        max_tokens=4 + len(end),
        temperature=0.0,
        stop=("e",),
    )


async def answer(engine: LocalEngine, end: str, version: str | None) -> str:
    """Return a whole answer."""
    return "".join([piece.text async for piece in engine.complete(asked(end), version)])


async def test_they_are_the_same(model_dir: Path, adapters: dict[str, Path]) -> None:
    """Two versions and the base, in a batch smaller than the set, so that it is refilled."""
    packing = Packing(rows=4, columns=512, ahead=64, linger_s=0.02, prefixes=4)
    packed = LocalEngine.open(model_dir, "cpu", threads=1, packing=packing)
    alone = LocalEngine.open(model_dir, "cpu", max_batch=1, threads=1)
    versions = [None, *VERSIONS[:2]]
    try:
        for engine in (packed, alone):
            for version in VERSIONS[:2]:
                await engine.load(version, adapters[version])
        questions = [(end, version) for version in versions for end in ENDS]
        together = await asyncio.gather(*(answer(packed, *each) for each in questions))
        assert together == [await answer(alone, *each) for each in questions]
        texts = [(asked(end).messages, text, v) for end, v in questions for text in CHOICES]
        told = await asyncio.gather(*(packed.score(*each) for each in texts))
        for each, found in zip(texts, told, strict=True):
            assert found == pytest.approx(await alone.score(*each), abs=1e-3)
    finally:
        packed.close()
        alone.close()
