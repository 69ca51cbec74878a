"""Looks for what nobody else tells: no answers, parts that are unwell, and the end of a freeze."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import Unavailable
from monitor.ports.alerts import Notice, Raised
from monitor.ports.stores import Stores
from monitor.runtime.alerting.routes import HEARTBEAT
from rollback.deployment import Deployment
from rollback.incident import Phase

log = structlog.get_logger(__name__)

_LOOK_S = 15.0
_MINUTE = timedelta(minutes=1)  # answers are counted by the minute
_OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked for.

    Args:
        deployments: names.
        no_answers: how long a deployment that gave answers may give none; `None`: for ever.
        unwell_after: how long a part may be unwell.
        heartbeat_every: how often a watchman outside hears that all is well; `None`: never.
        link: address of the dashboard.
    """

    deployments: Sequence[str]
    no_answers: timedelta | None = None
    unwell_after: timedelta = timedelta(minutes=5)
    heartbeat_every: timedelta | None = None
    link: str = ""


class AlarmWatch:
    """Raises and ends alarms, as leader.

    Args:
        health: returns each component with `ok` or what is wrong with it; may block.
    """

    def __init__(
        self,
        stores: Stores,
        watched: Watched,
        leads: Callable[[], bool],
        health: Callable[[], Mapping[str, str]],
    ) -> None:
        self._stores = stores
        self._watched = watched
        self._leads = leads
        self._health = health
        self._unwell: dict[str, datetime] = {}

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            if self._leads():
                try:
                    await asyncio.to_thread(self.look, datetime.now(UTC))
                except Unavailable as error:
                    log.warning("alarms wait for the database", error=str(error))
            await asyncio.sleep(_LOOK_S)

    def look(self, now: datetime) -> None:
        """Tell what began and what is over; blocks. Raises `Unavailable`."""
        settle = self._stores.alarms.settle
        settle(Raised(watch="answers", notices=self._silent(now), calm=timedelta(0)), now)
        settle(Raised(watch="health", notices=self._unwell_parts(now)), now)
        settle(Raised(watch="freezes", notices=self._frozen(), calm=timedelta(0)), now)
        if self._watched.heartbeat_every is not None:
            self._stores.outbox.put(_heartbeat(self._watched.heartbeat_every, now))

    def _silent(self, now: datetime) -> Mapping[str, Notice]:
        """Return the deployments that gave answers once, and none for too long."""
        limit = self._watched.no_answers
        if limit is None:
            return {}
        last = self._stores.alarms.last_answers(self._watched.deployments)
        silent_since = {name: minute + _MINUTE for name, minute in last.items()}
        return {
            name: _no_answers(name, since, limit, self._watched.link, now)
            for name, since in silent_since.items()
            if now - since >= limit
        }

    def _unwell_parts(self, now: datetime) -> Mapping[str, Notice]:
        """Return the parts that have been unwell for too long."""
        said = {part: words for part, words in self._health().items() if words != _OK}
        self._unwell = {part: self._unwell.get(part, now) for part in said}
        return {
            part: _unwell(part, said[part], since, self._watched.link, now)
            for part, since in self._unwell.items()
            if now - since >= self._watched.unwell_after
        }

    def _frozen(self) -> Mapping[str, Notice]:
        """Return the freezes that hold, each under the notice that told of it already."""
        frozen = [each for each in self._stores.deployments.all() if each.frozen]
        notices = ((each.name, self._freeze_notice(each)) for each in frozen)
        return {name: notice for name, notice in notices if notice is not None}

    def _freeze_notice(self, deployment: Deployment) -> Notice | None:
        for incident in self._stores.incidents.list(deployment.name):
            if incident.phase is Phase.FROZEN:
                return Notice(
                    id=incident.id,
                    kind="freeze",
                    severity="critical",
                    title=f"{deployment.name} is frozen",
                    facts={"deployment": deployment.name, "reason": incident.reason},
                    created_at=incident.opened_at,
                )
        return None


def _no_answers(name: str, since: datetime, limit: timedelta, link: str, now: datetime) -> Notice:
    return Notice(
        id=_id(f"no answers:{name}:{since.isoformat()}"),
        kind="no_answers",
        severity="warning",
        title=f"{name}: no answers any more",
        facts={
            "deployment": name,
            "since": since.isoformat(),
            "reason": f"it gave answers, and for {limit} now it gave none",
            "link": link,
        },
        created_at=now,
    )


def _unwell(part: str, said: str, since: datetime, link: str, now: datetime) -> Notice:
    return Notice(
        id=_id(f"unwell:{part}:{since.isoformat()}"),
        kind="unwell",
        severity="warning",
        title=f"{part} is unwell",
        facts={"since": since.isoformat(), "reason": f"{part}: {said}", "link": link},
        created_at=now,
    )


def _heartbeat(every: timedelta, now: datetime) -> Notice:
    slot = int(now.timestamp() // every.total_seconds())
    return Notice(
        id=_id(f"heartbeat:{every.total_seconds()}:{slot}"),
        kind=HEARTBEAT,
        severity="info",
        title="Backstop watches",
        facts={"reason": f"it says so every {every}; silence means that it does not"},
        created_at=now,
    )


def _id(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, key))
