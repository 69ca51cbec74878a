"""Pointer flip: from the decision to the last request that the bad version answers.

A real service under steady load from this process; the operator rolls back again and again, each
time from another version that serves. A request counts by the time it was sent. There is no peer
to run beside it here: the others flip by a deployment's roll-out (Flagger: interval × threshold,
2 to 10 minutes in its documents); the limit is the commit of one transaction to disk.

    make bench-flip ARGS="--flips 100"
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import numpy as np

from bench import output
from monitor.cli.client import Client
from monitor.cli.demo import train
from monitor.config import default_data_dir
from monitor.demo import cast, task, traffic
from monitor.demo import stage as stages
from monitor.demo.receiver import Receiver
from monitor.demo.stage import Service, Stage

_CALLERS = 8


@dataclass(slots=True)
class Load:
    """Callers that ask one token each, one request after the other."""

    stage: Stage
    answers: list[tuple[datetime, str]] = field(default_factory=list)  # sent at, digest

    async def run(self) -> None:
        """Ask until cancelled."""
        headers = {"Authorization": f"Bearer {self.stage.token('caller')}"}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for seed in range(_CALLERS):
                group.create_task(self._ask(session, seed))

    async def _ask(self, session: aiohttp.ClientSession, seed: int) -> None:
        url = f"{self.stage.url}/v1/chat/completions"
        for request in traffic.requests(seed):
            turn = {"role": "user", "content": request.message}
            body = {"model": "support", "messages": [turn], "max_tokens": 1, "temperature": 0}
            sent_at = datetime.now(UTC)
            async with session.post(url, json=body) as response:
                await response.read()
                self.answers.append((sent_at, response.headers.get("X-Adapter-Digest", "")))


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--flips", type=int, default=100)
    asked = parser.parse_args()
    root = default_data_dir() / "demo"
    versions = cast.train_missing(root, train, lambda words: None)
    lasts, commits, rate = asyncio.run(measure(root, versions, asked.flips))
    rows = [
        {"what": "decision to the last request served", **_quantiles(lasts)},
        {"what": "decision to acknowledgement of the replica", **_quantiles(commits)},
    ]
    notes = [
        f"{asked.flips} flips under {rate:.0f} requests/s; a last request before the decision "
        "counts as 0; bar: p99 at most 50 ms"
    ]
    output.show("Pointer flip, milliseconds", rows, notes, asked.json)


async def measure(
    root: Path, versions: Mapping[str, Path], flips: int
) -> tuple[list[float], list[float], float]:
    """Return both times (ms) of each flip, and the requests per second."""
    receiver = Receiver()
    await receiver.start()
    stage = stages.set_up(
        root, model=cast.MODEL, schema=json.dumps(task.SCHEMA), receiver=receiver.address
    )
    receiver.trust(stage.secret)
    service = Service(stage)
    try:
        await service.start()
        return await _flip_again_and_again(stage, versions, flips)
    finally:
        await service.stop()
        await receiver.stop()


async def _flip_again_and_again(
    stage: Stage, versions: Mapping[str, Path], flips: int
) -> tuple[list[float], list[float], float]:
    client = Client(url=stage.url, token=stage.token("operator"))
    good = await _added(client, versions["v3"], "good")
    bad = await _added(client, versions["v1"], "bad")
    await _promoted(client, good)
    load = Load(stage)
    loading = asyncio.create_task(load.run())
    began = asyncio.get_running_loop().time()
    lasts, commits = [], []
    try:
        for _ in range(flips):
            await _promoted(client, bad)
            incident = await _post(
                client, "/api/deployments/support/rollback", {"reason": "benchmark", "to": good}
            )
            lasts.append(_last_request(load, bad, incident["decided_at"]))
            commits.append(_between(incident["decided_at"], incident["converged_at"]))
            await _post(client, f"/api/adapters/{quote(bad)}/release", {"reason": "benchmark"})
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
    seconds = asyncio.get_running_loop().time() - began
    return lasts, commits, len(load.answers) / seconds


async def _added(client: Client, folder: Path, label: str) -> str:
    body = {"family": "support", "path": str(folder), "label": label}
    return str((await _post(client, "/api/adapters", body))["name"])


async def _promoted(client: Client, name: str) -> None:
    body = {"deployment": "support", "force": True, "reason": "benchmark"}
    await _post(client, f"/api/adapters/{quote(name)}/promote", body)


async def _post(client: Client, path: str, body: Mapping[str, Any]) -> Any:
    return await asyncio.to_thread(client.post, path, body)


def _last_request(load: Load, bad: str, decided_at: str) -> float:
    digest = bad.partition("@")[2]
    last = max((sent for sent, served in load.answers if served == digest), default=None)
    after = _between(decided_at, last.isoformat()) if last else 0.0
    load.answers[:] = [pair for pair in load.answers if pair[1] != digest]
    return max(0.0, after)


def _between(start: str, end: str) -> float:
    seconds = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return 1000.0 * seconds.total_seconds()


def _quantiles(values: list[float]) -> dict[str, float]:
    return {
        "median": statistics.median(values),
        "p90": float(np.quantile(values, 0.9)),
        "p99": float(np.quantile(values, 0.99)),
        "worst": max(values),
    }


if __name__ == "__main__":
    main()
