"""A service whose control dies at failpoints, while a caller asks all the time."""

from __future__ import annotations

import asyncio
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import text
from sqlalchemy.engine import Engine as Database

from bench.peers import adapters, backstop
from bench.peers.backstop import DEPLOYMENT, Service
from monitor.bootstrap import failpoints
from monitor.demo.receiver import Receiver
from monitor.errors import BackstopError
from monitor.ports.stores import Stores
from monitor.runtime.failpoints import Failpoint
from monitor.storage.database import open_engine
from monitor.storage.stores import open_stores
from rollback import audit_verification
from rollback.deployment import Deployment
from rollback.incident import STEPS, Incident, Phase
from tests.integration.conftest import NoArtifacts
from tests.servers.faulty import FaultyServer
from tests.waiting import until

LIMIT_S = 10.0  # after the last kill, until what is desired is what answers
POLICY = {
    "false_rollback_budget": "1 in 200 exchanges",
    "suspicion_budget": "1 in 1000000 exchanges",
    "reference_size": 1_000_000,
    "caller_share_cap": 1.0,
    "cool_down": "0s",
    "max_rollbacks": 1_000_000,
    "weights": {"faults": 1.0},
}
_END_S = 90.0  # a cycle that takes longer has failed, also on a machine that others use
_LOOK_S = 0.01
_LAST_S = 1.0  # from the receiver's answer to the point behind it
_CALLERS, _PAUSE_S = 2, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: Unix times of its request and its end."""

    sent: float
    came: float
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one cycle of a promotion and a rollback went.

    Args:
        reached: at how many of the points control died.
        agreed_s: from the last kill (else the promotion) until the table's version answers.
        proved_s: from there until the rollback is proved.
    """

    points: tuple[Failpoint, ...]
    reached: int
    agreed_s: float
    proved_s: float
    incident: Incident
    wrong: tuple[str, ...]


@dataclass
class Failing:
    """The service, and all that looks at it."""

    service: Service
    engine: FaultyServer
    receiver: Receiver
    database: Database
    stores: Stores
    points: Path
    good: str = ""
    bad: str = ""
    answers: list[Answer] = field(default_factory=list)

    async def cycle(self, points: Sequence[Failpoint]) -> Course:
        """Promote the bad version, let its faults take it back, and die at the points on the way."""
        before = await self._pointer()
        self.engine.mute.add(self.bad)
        self.answers.clear()
        self.points.write_text("\n".join(point.value for point in points))
        began = time.time()
        promoting = asyncio.create_task(asyncio.to_thread(self._promote, before.epoch))
        try:
            async with asyncio.timeout(_END_S):
                agreed = await self._agreement(before.epoch + 2, began)
                incident = await self._end(before.epoch + 2)
                ended = time.time()
                await promoting
                await self._told(incident)
        finally:
            promoting.cancel()
            left = self.points.read_text().split()
            self.points.write_text("")
        return Course(
            points=tuple(points),
            reached=len(points) - len(left),
            agreed_s=agreed,
            proved_s=ended - began,
            incident=incident,
            wrong=tuple(await asyncio.to_thread(self._wrong, incident)),
        )

    async def ready_again(self) -> None:
        """Let the bad version come back, for another cycle."""
        await asyncio.to_thread(self._insist, lambda: self.service.release(self.bad))

    def _promote(self, epoch: int) -> None:
        """Promote once: an operator whose request broke off looks before asking again."""
        while self._stored().epoch == epoch:
            with suppress(BackstopError):
                self.service.promote(self.bad)

    def _insist(self, work: object) -> None:
        assert callable(work)
        until = time.monotonic() + _END_S
        while time.monotonic() < until:
            try:
                work()
            except BackstopError:
                continue
            return
        raise AssertionError("the service did not come back")

    async def _agreement(self, epoch: int, began: float) -> float:
        """Return how long after the last kill the table's version answers who asks from then on."""
        while True:
            pointer = await self._pointer()
            killed = self._last_kill(began)
            asked = self.answers[-1] if self.answers else None
            digest = (pointer.active or "base@base").partition("@")[2]
            if pointer.epoch == epoch and asked is not None and asked.digest == digest:
                return max(0.0, asked.sent - killed)
            await asyncio.sleep(_LOOK_S)

    async def _end(self, epoch: int) -> Incident:
        """Return the rollback as soon as it has come to its end, proved or not."""
        while True:
            for incident in await asyncio.to_thread(self.stores.incidents.list, DEPLOYMENT):
                if incident.epoch == epoch and not STEPS[incident.phase]:
                    return incident
            await asyncio.sleep(_LOOK_S)

    async def _told(self, incident: Incident) -> None:
        """Wait until the receiver has the news, and a point behind that has been reached."""
        await self.receiver.wait_for("webhook", incident.id, _END_S)
        with suppress(TimeoutError):
            await until(lambda: not self._due_after_alert(), look_s=_LOOK_S, limit_s=_LAST_S)

    def _due_after_alert(self) -> bool:
        return self.points.read_text().split()[:1] == [Failpoint.ALERT_SENT.value]

    def _wrong(self, incident: Incident) -> list[str]:
        """Say in words what is not as it must be."""
        found = [
            f"{count} {what}"
            for what, count in (
                ("rollback rows", self._rows("rollbacks", incident.epoch)),
                ("incidents", self._rows("incidents", incident.epoch)),
            )
            if count != 1
        ]
        told = [each for each in self.receiver.received if _is_about(each.body, incident)]
        if not told or {each.id for each in told} != {incident.id}:
            found.append(f"alerts under {[each.id for each in told]}")
        if incident.phase is not Phase.PROVED:
            found.append(f"an incident that ended {incident.phase.value}")
        verified = audit_verification.verify(self.stores.audit.rows())
        if not verified.intact:
            found.append(verified.reason)
        return [*found, *self._not_allowed(incident)]

    def _not_allowed(self, incident: Incident) -> list[str]:
        """Return the answers that came from a version which the table did not allow then."""
        promoted, converged = incident.promoted_at, incident.converged_at
        if promoted is None or converged is None or not self.answers:
            return ["nobody saw when the version began and ended, or nobody asked"]
        good, bad = (name.partition("@")[2] for name in (self.good, self.bad))
        early = [a for a in self.answers if a.digest == bad and a.came < promoted.timestamp()]
        late = [a for a in self.answers if a.digest == bad and a.sent > converged.timestamp()]
        alien = {a.digest for a in self.answers} - {good, bad}
        return [
            f"{len(those)} answers of {what}"
            for those, what in (
                (early, "the version before it was promoted"),
                (late, "the version after every replica had left it"),
                (alien, f"strangers {sorted(alien)}"),
            )
            if those
        ]

    def _last_kill(self, began: float) -> float:
        return max(began, self.points.stat().st_mtime)

    async def _pointer(self) -> Deployment:
        return await asyncio.to_thread(self._stored)

    def _stored(self) -> Deployment:
        return next(d for d in self.stores.deployments.all() if d.name == DEPLOYMENT)

    def _rows(self, table: str, epoch: int) -> int:
        return self._count(
            text(f"SELECT count(*) FROM {table} WHERE epoch = :epoch").bindparams(epoch=epoch)
        )

    def _count(self, statement: object) -> int:
        with self.database.connect() as connection:
            return int(connection.execute(statement).scalar_one())  # type: ignore[call-overload]

    async def ask(self, session: aiohttp.ClientSession) -> None:
        """Ask again and again until cancelled."""
        body = {
            "model": DEPLOYMENT,
            "messages": [{"role": "user", "content": "where is it?"}],
            "max_tokens": 40,
            "stream": True,
        }
        headers = {"Authorization": f"Bearer {self.service.caller}"}
        url = f"{self.service.url}/v1/chat/completions"
        while True:
            sent = time.time()
            async with session.post(url, json=body, headers=headers) as answer:
                await answer.read()
                assert answer.status == 200
                digest = answer.headers["x-adapter-digest"]
            self.answers.append(Answer(sent=sent, came=time.time(), digest=digest))
            await asyncio.sleep(_PAUSE_S)


def _is_about(body: object, incident: Incident) -> bool:
    return incident.id in str(body)


@asynccontextmanager
async def failing(folder: Path, database: str) -> AsyncIterator[Failing]:
    """Yield a service that serves a good version, with a caller; the bad one is registered."""
    receiver = Receiver()
    await receiver.start()
    secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
    receiver.trust(secret)
    (folder / "ops.url").write_text(f"{receiver.address}/webhook")
    (folder / "ops.secret").write_text(secret)
    (folder / "ops.secret").chmod(0o600)
    points = folder / "failpoints"
    points.write_text("")
    ops = {
        "kind": "webhook",
        "url_file": str(folder / "ops.url"),
        "secret_file": str(folder / "ops.secret"),
        "allow_private": True,
    }
    async with FaultyServer(folder).running() as engine:
        running = backstop.running(
            folder,
            engine=engine.url,
            model=engine.model,
            database=database,
            policy=POLICY,
            receivers={"ops": ops},
            serve=("-m", "tests.chaos.host"),
            environment={failpoints.VARIABLE: str(points)},
        )
        service = await asyncio.to_thread(running.__enter__)
        sql = open_engine(database)
        try:
            made = Failing(
                service=service,
                engine=engine,
                receiver=receiver,
                database=sql,
                stores=open_stores(sql, NoArtifacts()),
                points=points,
            )
            await _two_versions(made, folder)
            async with aiohttp.ClientSession() as session:
                asking = [asyncio.create_task(made.ask(session)) for _ in range(_CALLERS)]
                try:
                    yield made
                finally:
                    for task in asking:
                        task.cancel()
                    ended = await asyncio.gather(*asking, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
        finally:
            sql.dispose()
            await asyncio.to_thread(running.__exit__, None, None, None)
            await receiver.stop()


async def _two_versions(made: Failing, folder: Path) -> None:
    made.good, made.bad = [
        await asyncio.to_thread(made.service.add, adapters.make(folder / label, seed=seed), label)
        for seed, label in enumerate(("good", "bad"))
    ]
    await asyncio.to_thread(made.service.promote, made.good)
