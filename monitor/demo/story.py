"""The story of the demo, told through the public surfaces only: HTTP and an OpenAI client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from openai import AsyncOpenAI

from monitor.demo import figures, task, traffic
from monitor.demo.callers import Callers
from monitor.demo.figures import Figures
from monitor.demo.receiver import Receiver
from monitor.demo.stage import Stage, audit_is_intact
from monitor.errors import BackstopError, GateRefused

_DEPLOYMENT = "support"
_PATIENCE_S = 90.0
_PORTION = 20  # answers between two looks at the deployment


class Operator(Protocol):
    """The operator API of the service."""

    def get(self, path: str, **query: Any) -> Any:
        """Return the decoded answer."""

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON and return the decoded answer."""

    def put_text(self, path: str, text: str) -> Any:
        """Send a text and return the decoded answer."""


class Story:
    """One telling: three versions, one of them bad.

    Args:
        say: is told each thing that happens, in a sentence.
        rate: requests per second.
        least: answers that a good version serves before the story goes on.
    """

    def __init__(
        self,
        *,
        stage: Stage,
        operator: Operator,
        receiver: Receiver,
        versions: Mapping[str, Path],
        say: Callable[[str], None],
        seed: int,
        rate: float,
        least: int,
    ) -> None:
        self._stage = stage
        self._operator = operator
        self._receiver = receiver
        self._folders = versions
        self._say = say
        self._seed = seed
        self._least = least
        self._client = AsyncOpenAI(
            base_url=f"{stage.url}/v1", api_key=stage.token("caller"), max_retries=0, timeout=30
        )
        self.callers = Callers(
            client=self._client, model=_DEPLOYMENT, requests=traffic.requests(seed), rate=rate
        )
        self._names: dict[str, str] = {}

    async def tell(self) -> Figures:
        """Tell the whole story and return what was measured."""
        async with self._client:
            await self.good_version_serves()
            refused = await self.bad_version_is_forced()
            incident = await self.bad_version_is_caught()
            await self.better_version_stays()
            return await self.measure(incident, refused)

    async def good_version_serves(self) -> None:
        """v1 passes the gate, is promoted and serves until it is confirmed."""
        await self._call(
            self._operator.put_text, f"/api/golden/{_DEPLOYMENT}", task.golden_json_lines()
        )
        await self._add("v1")
        await self._promote("v1", reason="first version")
        self._say("v1 passed the golden gate and serves; an OpenAI client sends traffic")
        await self._serve_until_confirmed("v1")
        self._say(
            f"v1 is confirmed after {len(self.callers.answers)} answers; "
            f"{self._right('v1'):.0%} of its tickets were right"
        )

    async def bad_version_is_forced(self) -> bool:
        """v2 was trained on spoilt data: the gate refuses it, and somebody forces it."""
        await self._add("v2")
        try:
            await self._promote("v2", reason="the new export is in")
            refused = False
        except GateRefused as error:
            refused = True
            self._say(f"v2 is refused: {error}")
        await self._promote("v2", reason="no time, the launch is today", force=True)
        self._say("somebody in a hurry forced v2; it serves")
        return refused

    async def bad_version_is_caught(self) -> Mapping[str, Any]:
        """Live traffic gives the evidence; v1 comes back and is proved. Return the incident."""
        done = asyncio.Event()
        sending = asyncio.create_task(self.callers.send_until(done))
        try:
            message = await self._receiver.wait_for("slack", "roll", _PATIENCE_S)
        except TimeoutError:
            raise BackstopError(
                f"v2 was not rolled back within {_PATIENCE_S:.0f} s; see {self._stage.log}"
            ) from None
        finally:
            done.set()
            await sending
        await self._receiver.wait_for("webhook", "roll", _PATIENCE_S)
        self._say("the ops chat received:\n" + _indented(message.text))
        incidents = await self._call(self._operator.get, "/api/incidents", deployment=_DEPLOYMENT)
        return dict(incidents[0])

    async def better_version_stays(self) -> None:
        """v3 passes, serves and stays."""
        await self._add("v3")
        await self._promote("v3", reason="trained on clean data, and more of it")
        self._say("v3 passed the gate against v1 and serves")
        await self._serve_until_confirmed("v3")
        self._say(f"v3 stays: confirmed, {self._right('v3'):.0%} of its tickets were right")

    async def measure(self, incident: Mapping[str, Any], refused: bool) -> Figures:
        """Collect the figures through the API."""
        get = self._operator.get
        incidents = await self._call(get, "/api/incidents", deployment=_DEPLOYMENT)
        report = self._stage.folder / "report.html"
        report.write_text(await self._call(get, f"/api/reports/{_DEPLOYMENT}", format="html"))
        bad = self._digest("v2")
        answers = self.callers.answers
        start = incident["promoted_at"]
        alerts = sorted(
            {r.id for r in self._receiver.received if r.id and incident["id"] in str(r.body)}
        )
        served = self.callers.served_by()
        return Figures(
            seed=self._seed,
            gate_refused=refused,
            exposure=incident["exposure"],
            exposure_seen=served[bad],
            late=figures.late_answers(answers, bad, incident["converged_at"]),
            to_suspicion_s=figures.since(start, incident["suspected_at"]),
            to_decision_s=figures.since(start, incident["decided_at"]) or 0.0,
            to_last_replica_s=figures.since(start, incident["converged_at"]) or 0.0,
            to_proof_s=figures.since(start, incident["proved_at"]) or float("nan"),
            last_request_s=figures.last_request(answers, bad, incident["decided_at"]),
            phase=incident["phase"],
            evidence=incident["evidence"],
            false_rollbacks=sum(i["from_version"] != self._names["v2"] for i in incidents),
            answers={label: served[self._digest(label)] for label in self._names},
            right={label: self._right(label) for label in self._names},
            failures=self.callers.failures,
            alert_ids=alerts,
            chat_message=_chat_message(self._receiver, incident["id"]),
            audit_intact=await audit_is_intact(self._stage),
            report=str(report),
            page=self._stage.url + "/",
        )

    async def _add(self, label: str) -> None:
        added = await self._call(
            self._operator.post,
            "/api/adapters",
            {"family": _DEPLOYMENT, "path": str(self._folders[label]), "label": label},
        )
        self._names[label] = added["name"]

    async def _promote(self, label: str, *, reason: str, force: bool = False) -> None:
        await self._call(
            self._operator.post,
            f"/api/adapters/{quote(self._names[label])}/promote",
            {"deployment": _DEPLOYMENT, "force": force, "reason": reason},
        )

    async def _serve_until_confirmed(self, label: str) -> None:
        """Send at least `least` requests, and more until the version is confirmed."""
        await self.callers.send(self._least)
        for _ in range(50):
            view = await self._call(self._operator.get, f"/api/deployments/{_DEPLOYMENT}")
            deployment = view["deployment"]
            if deployment["active"] != self._names[label]:
                raise BackstopError(f"{label} was taken back, although it is good")
            if deployment["confirmed"]:
                return
            await self.callers.send(_PORTION)
        raise BackstopError(f"{label} was not confirmed; see {self._stage.log}")

    async def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(method, *args, **kwargs)

    def _digest(self, label: str) -> str:
        return self._names[label].partition("@")[2]

    def _right(self, label: str) -> float:
        return figures.share_right(self.callers.answers, self._digest(label))


def _chat_message(receiver: Receiver, incident: str) -> str:
    return next((r.text for r in receiver.received if r.kind == "slack" and "roll" in r.text), "")


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
