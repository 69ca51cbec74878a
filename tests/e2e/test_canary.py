"""Canaries end to end: the service with all of its processes in front of a model server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bench.peers import adapters, backstop
from tests.e2e.test_fleet import Caller, Operator, serving
from tests.integration.conftest import server_url, short_path
from tests.servers.vllm import VllmServer

__all__ = ["server_url", "short_path"]  # fixtures

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SECTION: Mapping[str, Any] = {
    "policy": {"reference_size": 150},
    "canary": {
        "steps": ["30%", "60%"],
        "at_least": 15,
        "for": "0s",
        "margin": 0.2,
        "false_withdrawal": 0.001,
    },
}
_AT_ONCE = 20
_MOST_CALLERS = 3_000


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[VllmServer]:
    """A model server that behaves as vLLM does."""
    async with VllmServer(tmp_path).running() as server:
        yield server


async def _add(operator: Operator, folder: Path, label: str) -> str:
    made = await operator.do(adapters.make, folder / label, int(label[1:]))
    return str(await operator.do(operator.service.add, made, label))


async def _ended(operator: Operator, caller: Caller, users: count[int]) -> Mapping[str, Any]:
    """Let ever new users ask until the canary has ended; return what is shown of it."""
    path = f"/api/deployments/{backstop.DEPLOYMENT}/canaries"
    for _ in range(_MOST_CALLERS // _AT_ONCE):
        await asyncio.gather(*(caller.ask(user=f"u-{next(users)}") for _ in range(_AT_ONCE)))
        newest: Mapping[str, Any] = (await operator.do(operator.service.operators.get, path))[0]
        if newest["outcome"] is not None:
            return newest
    pytest.fail(f"the canary did not end: {newest['standing']}")


async def _begin(operator: Operator, version: str) -> Mapping[str, Any]:
    body = {"force": True, "canary": True, "reason": "a test"}
    path = f"/api/adapters/{version}/promote"
    return dict(await operator.do(operator.service.operators.post, path, body))


async def test_a_bad_candidate_is_withdrawn_and_a_good_one_promoted(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """By what callers got alone; the pointer moves once, to the good one."""
    async with serving(tmp_path, engine, server_url, workers=2, deployment=_SECTION) as (
        operator,
        caller,
    ):
        v1, v2, v3 = [await _add(operator, tmp_path, label) for label in ("v1", "v2", "v3")]
        await operator.do(operator.service.promote, v1)
        engine.mute.add(v2)
        users = count()
        begun = await _begin(operator, v2)
        assert (begun["candidate"], begun["candidate_share"]) == (v2, 0.3)
        bad = await _ended(operator, caller, users)
        assert (bad["candidate"], bad["outcome"]) == (v2, "withdrawn")
        assert {(await caller.ask(user=f"u-{n}"))[1] for n in range(20)} == {v1.partition("@")[2]}
        incidents = await operator.do(operator.service.operators.get, "/api/incidents")
        assert [each["phase"] for each in incidents] == ["withdrawn"]

        await _begin(operator, v3)
        good = await _ended(operator, caller, users)
        assert (good["candidate"], good["outcome"], good["step"]) == (v3, "promoted", 1)
        assert (await caller.ask())[1] == v3.partition("@")[2]
        acts = await operator.do(operator.service.operators.get, "/api/audit")
        steps = [act for act in acts if act["payload"].get("evidence", {}).get("canary")]
        moves = [act["action"].rpartition(".")[2] for act in reversed(steps)]
        assert moves == ["share", "share", "promote"]  # withdrawn, the second step, everybody
