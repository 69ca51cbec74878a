"""The bank's help desk: the real service with the banking model, its operator and its callers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import aiohttp

from monitor.cli.client import Client
from monitor.demo import stage as stages
from monitor.demo.receiver import Receiver
from monitor.demo.stage import Service
from tests.e2e import banking_model
from tests.e2e.banking_callers import Answer, Callers
from tests.e2e.banking_model import Query

DEPLOYMENT = "intent"
# A long cool-down would keep a second rollback from happening, and so hide a false one.
POLICY: Mapping[str, object] = MappingProxyType({**stages.POLICY, "cool_down": "1s"})
_PATIENCE_S = 60.0
_PORTION = 40  # queries between two looks at the deployment


@dataclass(slots=True, kw_only=True)
class Desk:
    """The service in use: everything is done through its public surfaces."""

    client: Client
    callers: Callers
    receiver: Receiver
    names: dict[str, str] = field(default_factory=dict)  # of the versions, by label

    async def add(self, label: str) -> None:
        """Register one of the banking versions."""
        folder = await asyncio.to_thread(banking_model.adapter, label)
        body = {"family": DEPLOYMENT, "path": str(folder), "label": label}
        self.names[label] = (await self._call(self.client.post, "/api/adapters", body))["name"]

    async def promote(self, label: str, *, force: bool = False) -> None:
        """Promote a version. Raises `GateRefused`."""
        body = {"deployment": DEPLOYMENT, "force": force, "reason": f"{label} is due"}
        path = f"/api/adapters/{quote(self.names[label])}/promote"
        await self._call(self.client.post, path, body)

    def digest(self, label: str) -> str:
        """Return the digest that answers of a version carry."""
        return self.names[label].partition("@")[2]

    async def serve_until_confirmed(self, queries: Iterator[Query]) -> Sequence[Answer]:
        """Ask until the active version is confirmed; return the answers."""
        first = len(self.callers.answers)
        while not (await self.view())["deployment"]["confirmed"]:
            portion = [query for query, _ in zip(queries, range(_PORTION), strict=False)]
            assert portion, "not confirmed with all the traffic there is"
            await self.callers.ask(portion)
        return self.callers.answers[first:]

    async def view(self) -> Mapping[str, Any]:
        """Return the deployment with its newest evidence."""
        return dict(await self._call(self.client.get, f"/api/deployments/{DEPLOYMENT}"))

    async def incidents(self) -> Sequence[Mapping[str, Any]]:
        """Return the incidents, newest first."""
        return list(await self._call(self.client.get, "/api/incidents", deployment=DEPLOYMENT))

    async def golden_runs(self, cause: str) -> Sequence[Mapping[str, Any]]:
        """Return the golden runs of a cause, newest first."""
        runs = await self._call(self.client.get, f"/api/golden/{DEPLOYMENT}/runs", limit=1000)
        return [run for run in runs if run["cause"] == cause]

    async def judged(self, count: int) -> Mapping[str, Any]:
        """Wait until the active version's answers are judged and its suspicions looked into.

        Returns the newest evidence.
        """
        async with asyncio.timeout(_PATIENCE_S):
            while not await self._is_settled(count):  # asking takes its time: nothing spins
                pass
        return dict((await self.view())["point"])

    async def _is_settled(self, count: int) -> bool:
        view = await self.view()
        point, epoch = view["point"], view["deployment"]["epoch"]
        if point is None or point["position"] < count:
            return False
        curve = await self._call(
            self.client.get, f"/api/deployments/{DEPLOYMENT}/evidence", minutes=10
        )
        own = [each for each in curve["points"] if each["epoch"] == epoch]
        if all(each["suspicion"] < each["suspicion_line"] for each in own):
            return True
        promoted_at = datetime.fromisoformat(view["deployment"]["promoted_at"])
        runs = [
            run
            for run in await self.golden_runs("suspicion")
            if datetime.fromisoformat(run["started_at"]) >= promoted_at
        ]
        return bool(runs) and all(run["finished_at"] is not None for run in runs)

    async def rolled_back(self) -> Mapping[str, Any]:
        """Wait for the signed message about a finished rollback; return the newest incident."""
        await self.receiver.wait_for("webhook", "roll", _PATIENCE_S)
        return (await self.incidents())[0]

    async def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(method, *args, **kwargs)


@asynccontextmanager
async def opened(root: Path, policy: Mapping[str, object] = POLICY) -> AsyncIterator[Desk]:
    """Start the service on the banking base model, with the golden set; end it afterwards."""
    model = await asyncio.to_thread(banking_model.base_model)
    receiver = Receiver()
    await receiver.start()
    stage = stages.set_up(
        root, model=model, receiver=receiver.address, deployment=DEPLOYMENT, policy=policy
    )
    receiver.trust(stage.secret)
    service = Service(stage)
    try:
        await service.start()
        headers = {"Authorization": f"Bearer {stage.token('caller')}"}
        async with aiohttp.ClientSession(base_url=stage.url, headers=headers) as session:
            desk = Desk(
                client=Client(url=stage.url, token=stage.token("operator")),
                callers=Callers(session=session, model=DEPLOYMENT),
                receiver=receiver,
            )
            await asyncio.to_thread(
                desk.client.put_text, f"/api/golden/{DEPLOYMENT}", _golden_json_lines()
            )
            yield desk
    finally:
        await service.stop()
        await receiver.stop()


def _golden_json_lines() -> str:
    return "".join(json.dumps(asdict(case)) + "\n" for case in banking_model.golden_set())
