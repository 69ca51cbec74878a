"""Shadows and canaries of the local engine: other versions' answers to the same prompts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest

from guards.exchange import Exchange
from monitor.engines.memory import MemoryEngine
from monitor.gateway.allowance import Allowance
from monitor.ports.handover import DEALT
from monitor.runtime.routing import Route
from rollback.dealing import Dealt, deal
from tests.serving import VERSION, Served, make_gateway, running

pytestmark = pytest.mark.integration

BASELINE, CANDIDATE = "support@000000000000", "support@111111111111"
ROUTE = {"deployment": "support", "active": VERSION, "epoch": 4, "baseline": BASELINE}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway whose engine holds three versions, each of which says its name."""
    engine = MemoryEngine(lambda generation, version: (version or "base",))
    for version in (VERSION, BASELINE, CANDIDATE):
        await engine.load(version, tmp_path)
    async with running(make_gateway(engine)) as served:
        yield served


async def ask(served: Served, count: int = 1, **fields: object) -> list[str]:
    """Ask some questions; return the answers."""
    body = {"model": "support", "messages": [{"role": "user", "content": "who?"}], **fields}
    said = []
    async with aiohttp.ClientSession(served.url) as http:
        for _ in range(count):
            async with http.post("/v1/chat/completions", json=body) as response:
                answer = await response.json()
                said.append(answer["choices"][0]["message"]["content"])
    return said


async def recorded(served: Served, count: int) -> Sequence[Exchange]:
    """Return what was handed over, once it is so much."""
    found: list[Exchange] = []
    while len(found) < count:
        found += await served.exchanges()
    return found


async def test_the_baseline_answers_too_and_nobody_sees_it(served: Served) -> None:
    """The record says whose shadow it is."""
    served.gateway.router.swap(Route(**ROUTE, shadow_rate=1.0))
    assert await ask(served) == [VERSION]
    both = {each.adapter: each for each in await recorded(served, 2)}
    assert both[BASELINE].output == BASELINE
    assert both[BASELINE].tags["shadow_of"] == both[VERSION].id
    assert both[BASELINE].messages == both[VERSION].messages


async def test_shadows_beyond_their_room_are_skipped_and_counted(served: Served) -> None:
    """A full house, and an hour's allowance."""
    served.gateway.router.swap(Route(**ROUTE, shadow_rate=1.0))
    served.gateway.places = 2
    await ask(served)
    served.gateway.places = 16
    served.gateway.shadows.allowances = {"support": Allowance(0)}
    await ask(served)
    assert served.gateway.shadows.skipped == 2
    assert {each.adapter for each in await recorded(served, 2)} == {VERSION}


async def test_a_canary_deals_callers_to_its_candidate(served: Served) -> None:
    """Sticky by user; the lot goes with the record."""
    served.gateway.router.swap(
        Route(**ROUTE, candidate=CANDIDATE, candidate_share=0.5, canary="c1")
    )
    for user in ("ann", "ben", "eve", "joe"):
        lot = deal("c1", f"user {user}", 0.5)
        expected = CANDIDATE if lot.to_candidate else VERSION
        assert await ask(served, 2, user=user) == [expected] * 2
        one, two = await recorded(served, 2)
        assert Dealt.parse(one.tags[DEALT]) == Dealt.parse(two.tags[DEALT]) == lot
        assert {one.adapter, two.adapter} == {expected}
