"""Stores and operations in memory, as far as the operator's surfaces use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from guards.golden import GoldenCase
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, Conflict, GateRefused, NotFound
from monitor.ports import GoldenRun, Indicator, RecordedExchange, Stores
from rollback.audit import AuditRow
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion, VersionState


@dataclass
class Memory:
    """Every store that the operator's surfaces read, as lists that a test fills."""

    pointers: dict[str, Deployment] = field(default_factory=dict)
    adapters: list[AdapterVersion] = field(default_factory=list)
    points: list[EvidencePoint] = field(default_factory=list)
    answers: list[RecordedExchange] = field(default_factory=list)
    measured: list[Indicator] = field(default_factory=list)
    breaches: list[Incident] = field(default_factory=list)
    golden_runs: list[GoldenRun] = field(default_factory=list)
    golden_cases: list[GoldenCase] = field(default_factory=list)
    acts: list[AuditRow] = field(default_factory=list)

    def all(self) -> Sequence[Deployment]:
        return [self.pointers[name] for name in sorted(self.pointers)]

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        found = [v for v in self.adapters if family is None or v.family == family]
        return sorted(found, key=lambda version: version.created_at, reverse=True)

    def curve(self, deployment: str, since: datetime) -> Sequence[EvidencePoint]:
        return [p for p in self.points if p.deployment == deployment and p.at >= since]

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        return [a for a in reversed(self.answers) if a.deployment == deployment][:limit]

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        return [
            row
            for row in self.measured
            if row.deployment == deployment and since <= row.bucket < until
        ]

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Incident]:
        found = [i for i in self.breaches if deployment in (None, i.deployment)]
        return sorted(found, key=lambda incident: incident.opened_at, reverse=True)[:limit]

    def runs(self, deployment: str, limit: int = 20) -> Sequence[GoldenRun]:
        return [run for run in reversed(self.golden_runs) if run.deployment == deployment][:limit]

    def cases(self, deployment: str) -> Sequence[GoldenCase]:
        return self.golden_cases

    def rows(self) -> Iterator[AuditRow]:
        return iter(self.acts)

    def stores(self) -> Stores:
        """Return this memory playing every part."""
        parts = Stores.__dataclass_fields__
        return Stores(**dict.fromkeys(parts, self))


@dataclass
class MemoryOperations:
    """Operations that change the memory at once, and remember who asked for what and why."""

    memory: Memory
    now: Any  # the clock
    components: dict[str, str] = field(default_factory=lambda: {"database": "ok", "engine": "ok"})
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def health(self) -> Mapping[str, str]:
        return self.components

    async def add_adapter(
        self, family: str, source: Path, *, label: str, actor: str, parent=None, facts=None
    ) -> AdapterVersion:
        version = AdapterVersion(
            name=f"{family}@{len(self.memory.adapters):012x}",
            label=label,
            state=VersionState.REGISTERED,
            manifest={"source": source.name},
            created_at=self.now(),
            parent=parent,
            facts=facts or {},
        )
        self.memory.adapters.append(version)
        return version

    async def promote(self, version, *, deployment, force, actor, reason) -> Deployment:
        self.asked.append(("promote", version, actor, reason))
        if not force:
            raise GateRefused("v2 answers worse than v1.", numbers={"difference": -0.4})
        return self._pointer(deployment or version.partition("@")[0])

    async def roll_back(self, deployment, *, to, actor, reason) -> Incident:
        self.asked.append(("roll_back", deployment, actor, reason))
        pointer = self._pointer(deployment)
        if pointer.baseline is None and to is None:
            raise Conflict(f"{deployment} has no baseline to go back to.")
        now = self.now()
        incident = Incident(
            id="0b7c7a52-4a60-4e58-9a51-1f2d6a1e9c01",
            deployment=deployment,
            opened_at=now,
            phase=Phase.PROVED,
            from_version=pointer.active,
            to_version=to or pointer.baseline,
            reason=reason,
            actor=actor,
            epoch=pointer.epoch + 1,
            promoted_at=pointer.promoted_at,
            decided_at=now,
            flipped_at=now,
            converged_at=now,
            proved_at=now,
            exposure=17,
        )
        self._set_state(pointer.active, VersionState.QUARANTINED, reason)
        self._set_state(incident.to_version, VersionState.ACTIVE, "rolled back")
        self.memory.breaches.append(incident)
        self.memory.pointers[deployment] = replace(
            pointer,
            active=incident.to_version,
            baseline=None,
            epoch=pointer.epoch + 1,
            promoted_at=now,
        )
        return incident

    async def quarantine(self, version, *, actor, reason) -> AdapterVersion:
        return self._set_state(version, VersionState.QUARANTINED, reason)

    async def release(self, version, *, actor, reason) -> AdapterVersion:
        return self._set_state(version, VersionState.VERIFIED, reason)

    async def thaw(self, deployment, *, actor, reason) -> Deployment:
        thawed = replace(self._pointer(deployment), frozen=None)
        self.memory.pointers[deployment] = thawed
        return thawed

    async def import_golden(self, deployment, text, *, actor) -> str:
        if not text.strip():
            raise BadGoldenSet("The golden set is empty.")
        self.asked.append(("import_golden", deployment, actor, text))
        return "5" * 64

    async def run_golden(self, deployment, *, cause) -> GoldenRun:
        run = GoldenRun(
            id=f"run-{len(self.memory.golden_runs)}",
            deployment=deployment,
            subject=self._pointer(deployment).active,
            against=None,
            compared=False,
            cause=cause,
            set_digest="5" * 64,
            started_at=self.now(),
            finished_at=self.now(),
            verdict=Verdict.OK,
        )
        self.memory.golden_runs.append(run)
        return run

    def _pointer(self, deployment: str) -> Deployment:
        if deployment not in self.memory.pointers:
            raise NotFound(f"There is no deployment {deployment!r}.")
        return self.memory.pointers[deployment]

    def _set_state(self, name: str | None, state: VersionState, reason: str) -> AdapterVersion:
        for index, version in enumerate(self.memory.adapters):
            if version.name == name:
                self.memory.adapters[index] = replace(version, state=state, reason=reason)
                return self.memory.adapters[index]
        raise NotFound(f"There is no adapter {name!r}.")
