"""The stores of the control loop in memory: versions, pointers, incidents, notices and the trail.

Held against Postgres by `tests/contract/test_memory_stores.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.errors import BadRequest, Conflict, DatabaseUnavailable, NotFound
from monitor.ports.alerts import Notice, Raised
from monitor.ports.deployments import Flip
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from rollback import audit, incident, moves, versions
from rollback.actors import AUTOMATIC
from rollback.audit import AuditRow
from rollback.decided import Decided
from rollback.deployment import Deployment
from rollback.errors import IllegalTransition
from rollback.incident import Incident, Phase
from rollback.moves import Move
from rollback.proposal import Act, Proposal
from rollback.versions import AdapterVersion, Roles, VersionState


@dataclass
class World:
    """What Postgres holds; `away` takes it away."""

    versions: dict[str, AdapterVersion] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    rollbacks: list[tuple[str, int]] = field(default_factory=list)
    trail: list[AuditRow] = field(default_factory=list)
    fingerprints: dict[tuple[str | None, str], Fingerprint] = field(default_factory=dict)
    acknowledged: dict[str, tuple[datetime, dict[str, int]]] = field(default_factory=dict)
    decided: dict[str, tuple[Decided, ...]] = field(default_factory=dict)
    away: bool = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything or nothing."""
        if self.away:
            raise DatabaseUnavailable("Postgres does not answer")
        kept = {each.name: copy(getattr(self, each.name)) for each in fields(self)}
        try:
            yield
        except BaseException:
            for name, value in kept.items():
                setattr(self, name, value)
            raise

    def audit(
        self, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        """Add a row to the trail."""
        last = self.trail[-1] if self.trail else None
        self.trail.append(
            audit.next_row(
                last, at=at, actor=actor, action=action, subject=subject, payload=payload
            )
        )

    def version(self, name: str) -> AdapterVersion:
        """Return a version. Raises `NotFound`."""
        if name not in self.versions:
            raise NotFound(f"there is no adapter version {name!r}")
        return self.versions[name]

    def released(self, name: str) -> None:
        """Raise `Conflict` for a version in quarantine."""
        if self.version(name).state is VersionState.QUARANTINED:
            raise Conflict(f"{name} is quarantined")

    def locked(self, name: str, epoch: int) -> Deployment:
        """Return a deployment at an epoch. Raises `NotFound`, `Conflict`."""
        if name not in self.deployments:
            raise NotFound(f"there is no deployment {name!r}")
        if self.deployments[name].epoch != epoch:
            raise Conflict(f"deployment {name!r} is at another epoch")
        return self.deployments[name]

    def move(self, name: str, to: VersionState, reason: str, actor: str) -> AdapterVersion:
        """Change a version's state. Raises `Conflict`."""
        try:
            moved = versions.move(self.version(name), to, reason, actor=actor)
        except IllegalTransition as error:
            raise Conflict(str(error)) from error
        self.versions[name] = moved
        if to is VersionState.QUARANTINED:
            self._withdraw(name)
        return moved

    def settle(self, name: str, reason: str, actor: str) -> None:
        """Bring a version's state to where the pointers put it."""
        version = self.version(name)
        to = versions.standing(version.state, self._roles(name))
        if to is not version.state:
            self.move(name, to, "" if to is VersionState.ACTIVE else reason, actor)

    def _withdraw(self, version: str) -> None:
        for name, each in self.deployments.items():
            if each.candidate == version:
                self.deployments[name] = replace(
                    each, candidate=None, candidate_share=0.0, revision=each.revision + 1
                )

    def _roles(self, version: str) -> Roles:
        every = self.deployments.values()
        return Roles(
            **{
                role.name: any(getattr(each, role.name) == version for each in every)
                for role in fields(Roles)
            }
        )


class Memory:
    """Plays every store of the control loop over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure(self, name: str) -> Deployment:
        """Return a deployment, made if it is new."""
        with self._world.transaction():
            return self._world.deployments.setdefault(name, Deployment(name=name))

    def all(self) -> Sequence[Deployment]:
        """Return every deployment, by name."""
        with self._world.transaction():
            return [self._world.deployments[name] for name in sorted(self._world.deployments)]

    def flip(self, flip: Flip) -> Deployment:
        """Move the pointer with everything that belongs to it."""
        world = self._world
        with world.transaction():
            if flip.incident is not None and flip.incident.id in world.incidents:
                return world.deployments[flip.deployment]
            before = world.locked(flip.deployment, flip.expected_epoch)
            _require(before, Move(flip.action), flip.actor)
            after = _moved(before, flip)
            concerned = before.needed | after.needed | {flip.quarantine} - {None}
            for name in concerned:
                world.version(name)
            if flip.active is not None:
                world.released(flip.active)
            world.deployments[flip.deployment] = after
            for name in sorted(concerned):
                if name == flip.quarantine:
                    world.move(name, VersionState.QUARANTINED, flip.reason, flip.actor)
                else:
                    world.settle(name, flip.reason, flip.actor)
            self._write(flip, after)
            return after

    def _write(self, flip: Flip, after: Deployment) -> None:
        world = self._world
        if flip.incident is not None:
            world.incidents[flip.incident.id] = flip.incident
        if flip.action == "rollback":
            world.rollbacks.append((flip.deployment, after.epoch))
        if flip.notice is not None:
            world.notices.setdefault(flip.notice.id, flip.notice)
        world.audit(
            flip.actor,
            f"deployment.{flip.action}",
            flip.deployment,
            {"to": after.active, "epoch": after.epoch, "reason": flip.reason},
            flip.at,
        )

    def amend(
        self,
        name: str,
        *,
        expected_epoch: int,
        actor: str,
        reason: str,
        at: datetime,
        confirmed: bool | None = None,
        frozen: str | None = None,
        pinned: str | None = None,
    ) -> Deployment:
        """Set `confirmed`, `frozen` or `pinned`."""
        with self._world.transaction():
            before = self._world.locked(name, expected_epoch)
            after = replace(
                before,
                confirmed=before.confirmed if confirmed is None else confirmed,
                frozen=_changed(before.frozen, frozen),
                pinned=_changed(before.pinned, pinned),
            )
            if after != before:
                for move in moves.of_change(before, after):
                    _require(before, move, actor)
                self._world.deployments[name] = after
                facts = {"confirmed": after.confirmed, "frozen": after.frozen, "reason": reason}
                self._world.audit(actor, "deployment.amend", name, facts, at)
            return after

    def share(
        self,
        name: str,
        *,
        expected_epoch: int,
        candidate: str | None,
        candidate_share: float,
        shadow_rate: float,
        actor: str,
        reason: str,
        at: datetime,
    ) -> Deployment:
        """Give a candidate a share."""
        world = self._world
        with world.transaction():
            before = world.locked(name, expected_epoch)
            if candidate is not None:
                world.released(candidate)
            try:
                after = replace(
                    before,
                    candidate=candidate,
                    candidate_share=candidate_share,
                    shadow_rate=shadow_rate,
                )
            except ValueError as error:
                raise BadRequest(str(error)) from error
            if after == before:
                return before
            after = replace(after, revision=before.revision + 1)
            world.deployments[name] = after
            for each in sorted({before.candidate, candidate} - {None}):
                world.settle(each, reason, actor)
            facts = {"epoch": after.epoch, "candidate": candidate, "reason": reason}
            world.audit(actor, "deployment.share", name, facts, at)
            return after

    def open(self, incident: Incident, notice: Notice) -> None:
        """Record an incident without a flip, once."""
        with self._world.transaction():
            if incident.id in self._world.incidents:
                return
            self._world.incidents[incident.id] = incident
            self._world.notices.setdefault(notice.id, notice)
            facts = {"incident": incident.id, "reason": incident.reason}
            self._world.audit(
                incident.actor, "incident.open", incident.deployment, facts, incident.opened_at
            )

    def advance(
        self,
        incident_id: str,
        phase: Phase,
        *,
        at: datetime,
        exposure: int | None = None,
        notice: Notice | None = None,
    ) -> Incident:
        """Record a step, once."""
        with self._world.transaction():
            before = self.get(incident_id)
            if not incident.is_ahead(phase, before.phase):
                return before
            moments = {Phase.CONVERGED: "converged_at", Phase.PROVED: "proved_at"}
            changes = {moments[phase]: at} if phase in moments else {}
            if exposure is not None:
                changes["exposure"] = exposure
            after = replace(before, phase=phase, **changes)
            self._world.incidents[incident_id] = after
            if notice is not None:
                self._world.notices[notice.id] = notice
            facts = {"incident": incident_id, "exposure": exposure}
            self._world.audit(AUTOMATIC, f"incident.{phase.value}", before.deployment, facts, at)
            return after

    def unfinished(self) -> Sequence[Incident]:
        """Return incidents that wait, oldest first."""
        with self._world.transaction():
            found = self._world.incidents.values()
            waiting = [each for each in found if each.phase in (Phase.FLIPPED, Phase.CONVERGED)]
            return sorted(waiting, key=lambda each: (each.opened_at, each.id))

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises `NotFound`."""
        if incident_id not in self._world.incidents:
            raise NotFound(f"there is no incident {incident_id!r}")
        return self._world.incidents[incident_id]

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Incident]:
        """Return incidents, newest first."""
        with self._world.transaction():
            found = self._world.incidents.values()
            own = [each for each in found if deployment in (None, each.deployment)]
            return sorted(own, key=lambda each: (each.opened_at, each.epoch), reverse=True)[:limit]

    def put(self, notice: Notice) -> None:
        """Queue a notice, once."""
        with self._world.transaction():
            self._world.notices.setdefault(notice.id, notice)

    def acknowledge(self, replica: str, epochs: Mapping[str, int], at: datetime) -> None:
        """Record a replica's epochs."""
        with self._world.transaction():
            _, known = self._world.acknowledged.get(replica, (at, {}))
            self._world.acknowledged[replica] = (at, {**known, **epochs})

    def lagging(self, deployment: str, epoch: int, alive_since: datetime) -> Sequence[str]:
        """Return live replicas that have not reached the epoch."""
        with self._world.transaction():
            return sorted(
                name
                for name, (seen, epochs) in self._world.acknowledged.items()
                if seen >= alive_since and epochs.get(deployment, -1) < epoch
            )

    def append(
        self, *, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        """Add a row to the trail."""
        with self._world.transaction():
            self._world.audit(actor, action, subject, payload, at)

    def rows(self) -> Iterator[AuditRow]:
        """Return every row, oldest first."""
        yield from self._world.trail

    def exposure(self, deployment: str, epoch: int) -> int:
        """Return no answers: nobody asks here."""
        with self._world.transaction():
            return 0


class MemoryRegistry:
    """Versions; apart, for its methods bear other stores' names."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, version: AdapterVersion, *, actor: str) -> AdapterVersion:
        """Store a version, once."""
        world = self._world
        with world.transaction():
            if version.name in world.versions:
                return world.versions[version.name]
            labels = {(each.family, each.label) for each in world.versions.values() if each.label}
            if (version.family, version.label) in labels:
                raise Conflict(f"label {version.label!r} belongs to other content")
            world.versions[version.name] = version
            facts = {"label": version.label, "state": version.state}
            world.audit(actor, "version.add", version.name, facts, version.created_at)
            return version

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        """Return the versions, newest first."""
        with self._world.transaction():
            found = [v for v in self._world.versions.values() if family in (None, v.family)]
            return sorted(found, key=lambda each: (-each.created_at.timestamp(), each.name))

    def move(
        self, name: str, to: VersionState, *, actor: str, reason: str, at: datetime
    ) -> AdapterVersion:
        """Change a version's state."""
        with self._world.transaction():
            before = self._world.version(name)
            after = self._world.move(name, to, reason, actor)
            if after.state is not before.state:
                facts = {"from": before.state, "to": to, "reason": reason}
                self._world.audit(actor, f"version.{to.value}", name, facts, at)
            return after

    def fingerprint(
        self, name: str | None, engine: str, new: Fingerprint | None = None
    ) -> Fingerprint | None:
        """Return the stored fingerprint; store one if there is none."""
        with self._world.transaction():
            if new is not None:
                self._world.fingerprints.setdefault((name, engine), new)
            return self._world.fingerprints.get((name, engine))


class MemoryDecisions:
    """Decisions, newest first by deployment."""

    def __init__(self, world: World) -> None:
        self._world = world

    def record(self, decided: Decided) -> None:
        """Store a decision."""
        with self._world.transaction():
            name = decided.case.deployment.name
            self._world.decided[name] = (decided, *self._world.decided.get(name, ()))

    def list(self, deployment: str, limit: int = 20) -> Sequence[Decided]:
        """Return a deployment's decisions, newest first."""
        with self._world.transaction():
            return self._world.decided.get(deployment, ())[:limit]


class NoProposals:
    """Nobody was asked for an approval."""

    def newest(self, deployment: str, epoch: int, act: Act) -> Proposal | None:
        """Return no proposal."""
        return None


class NoAlarms:
    """Nothing holds that people were told of."""

    def settle(self, raised: Raised, now: datetime) -> int:
        """Tell nothing; no rule of the model's policy only alerts."""
        assert not raised.notices
        return 0


class Folders:
    """Every version's files lie in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str) -> Path:
        """Return the folder."""
        return self._folder


def stores_of(world: World, folder: Path) -> Stores:
    """Return the stores that the control loop needs; the others are not there."""
    memory: Any = Memory(world)
    absent: Any = None
    registry: Any = MemoryRegistry(world)
    decisions: Any = MemoryDecisions(world)
    proposals: Any = NoProposals()
    alarms: Any = NoAlarms()
    folders: Any = Folders(folder)
    return Stores(
        exchanges=memory,
        evidence=absent,
        observations=absent,
        indicators=absent,
        news=absent,
        registry=registry,
        deployments=memory,
        incidents=memory,
        acknowledgements=memory,
        golden=absent,
        outbox=memory,
        decisions=decisions,
        proposals=proposals,
        alarms=alarms,
        canaries=absent,
        drills=absent,
        listings=absent,
        inventory=absent,
        retention=absent,
        schedule=absent,
        leases=absent,
        audit=memory,
        feedback=absent,
        artifacts=folders,
    )


def _require(before: Deployment, move: Move, actor: str) -> None:
    try:
        moves.require(before, move, actor=actor)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def _moved(before: Deployment, flip: Flip) -> Deployment:
    return replace(
        before,
        active=flip.active,
        baseline=flip.baseline,
        epoch=before.epoch + 1,
        promoted_at=flip.at,
        candidate=None,
        candidate_share=0.0,
        revision=before.revision + 1,
        frozen=_changed(before.frozen, flip.frozen),
        confirmed=False,
    )


def _changed(before: str | None, change: str | None) -> str | None:
    return before if change is None else change or None
