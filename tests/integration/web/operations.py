"""What operators do, straight on the stores: no engine has to load anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from guards import golden
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, GateRefused
from monitor.ports.deployments import Flip
from monitor.ports.golden import Added, FromExchange, GoldenRun
from monitor.ports.operations import Operations
from monitor.ports.stores import Stores
from monitor.runtime import golden_adding
from monitor.web import lookup
from rollback.deployment import Deployment, baseline_after_promotion
from rollback.incident import Incident, Phase
from rollback.proposal import Answer, Proposal
from rollback.versions import AdapterVersion, VersionState


@dataclass
class StoreOperations(Operations):
    """Every act is done at once by the ports; the gate lets nothing pass that is not forced."""

    stores: Stores
    now: Callable[[], datetime]
    components: dict[str, str] = field(default_factory=lambda: {"database": "ok", "engine": "ok"})

    def health(self) -> Mapping[str, str]:
        """Return what the test has set."""
        return self.components

    async def add_adapter(
        self,
        family: str,
        source: str,
        *,
        label: str,
        actor: str,
        parent: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> AdapterVersion:
        """Register a version without looking at its files."""
        version = AdapterVersion(
            name=f"{family}@{uuid4().hex[:12]}",
            label=label,
            state=VersionState.REGISTERED,
            manifest={"source": Path(source).name},
            created_at=self.now(),
            parent=parent,
            facts=facts or {},
        )
        return await asyncio.to_thread(self.stores.registry.add, version, actor=actor)

    async def promote(
        self,
        version: str,
        *,
        deployment: str | None,
        force: bool,
        actor: str,
        reason: str,
        canary: bool = False,
    ) -> Deployment:
        """Make a version active if it is forced."""
        if not force:
            raise GateRefused("v2 answers worse than v1.", numbers={"difference": -0.4})
        found = lookup.version(self.stores, version)
        before = lookup.deployment(self.stores, deployment or found.family)
        return self.stores.deployments.flip(
            Flip(
                deployment=before.name,
                expected_epoch=before.epoch,
                active=found.name,
                baseline=baseline_after_promotion(before, found.name),
                actor=actor,
                reason=reason,
                at=self.now(),
                action="promote",
                forced=True,
            )
        )

    async def roll_back(
        self, deployment: str, *, to: str | None, actor: str, reason: str
    ) -> Incident:
        """Put a version back; the proof follows at once."""
        before = lookup.deployment(self.stores, deployment)
        chosen = lookup.version(self.stores, to).name if to else before.baseline
        now = self.now()
        incident = Incident(
            id=str(uuid4()),
            deployment=deployment,
            opened_at=now,
            phase=Phase.FLIPPED,
            from_version=before.active,
            to_version=chosen,
            reason=reason,
            actor=actor,
            epoch=before.epoch + 1,
            promoted_at=before.promoted_at,
            decided_at=now,
            flipped_at=now,
        )
        flip = Flip(
            deployment=deployment,
            expected_epoch=before.epoch,
            active=incident.to_version,
            baseline=None,
            actor=actor,
            reason=reason,
            at=now,
            action="rollback",
            quarantine=before.active,
            incident=incident,
        )
        await asyncio.to_thread(self.stores.deployments.flip, flip)
        self.stores.incidents.advance(incident.id, Phase.CONVERGED, at=now)
        return self.stores.incidents.advance(incident.id, Phase.PROVED, at=now, exposure=17)

    async def share(
        self,
        deployment: str,
        *,
        candidate: str | None,
        candidate_share: float,
        shadow_rate: float,
        actor: str,
        reason: str,
    ) -> Deployment:
        """Share the traffic without asking an engine."""
        return await asyncio.to_thread(
            self.stores.deployments.share,
            deployment,
            expected_epoch=lookup.deployment(self.stores, deployment).epoch,
            candidate=candidate,
            candidate_share=candidate_share,
            shadow_rate=shadow_rate,
            actor=actor,
            reason=reason,
            at=self.now(),
        )

    async def quarantine(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Keep a version out."""
        return self._move(version, VersionState.QUARANTINED, actor, reason)

    async def release(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Let a version in again."""
        return self._move(version, VersionState.VERIFIED, actor, reason)

    async def thaw(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Allow automatic changes again."""
        before = lookup.deployment(self.stores, deployment)
        return self.stores.deployments.amend(
            deployment,
            expected_epoch=before.epoch,
            actor=actor,
            reason=reason,
            at=self.now(),
            frozen="",
        )

    async def pin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Pin at once."""
        return self._pinned(deployment, f"{reason} ({actor})", actor, reason)

    async def unpin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Unpin at once."""
        return self._pinned(deployment, "", actor, reason)

    async def approve(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Record a yes."""
        return self._answered(proposal, Answer.APPROVED, actor, reason)

    async def reject(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Record a no."""
        return self._answered(proposal, Answer.REJECTED, actor, reason)

    def _answered(self, proposal: str, answer: Answer, actor: str, reason: str) -> Proposal:
        at = self.now()
        return self.stores.proposals.answer(proposal, answer, actor=actor, reason=reason, at=at)

    def _pinned(self, deployment: str, pinned: str, actor: str, reason: str) -> Deployment:
        return self.stores.deployments.amend(
            deployment,
            expected_epoch=lookup.deployment(self.stores, deployment).epoch,
            actor=actor,
            reason=reason,
            at=self.now(),
            pinned=pinned,
        )

    async def import_golden(self, deployment: str, text: str, *, actor: str) -> str:
        """Store the cases."""
        try:
            cases = golden.parse_cases(text)
        except golden.GoldenSetError as error:
            raise BadGoldenSet(str(error)) from error
        return self.stores.golden.import_cases(deployment, cases, actor=actor, at=self.now())

    async def add_golden(self, wanted: FromExchange, *, actor: str) -> Added:
        """Add the case."""
        name, case = golden_adding.case_from(self.stores.exchanges, wanted)
        digest = self.stores.golden.add_case(
            name, case, actor=actor, at=self.now(), source=wanted.exchange
        )
        return Added(deployment=name, case=case.id, digest=digest)

    async def run_golden(
        self, deployment: str, *, cause: str, occasion: str | None = None
    ) -> GoldenRun:
        """Store a run that went well."""
        run = GoldenRun(
            id=str(uuid4()),
            deployment=deployment,
            subject=lookup.deployment(self.stores, deployment).active,
            against=None,
            compared=False,
            cause=cause,
            set_digest="5" * 64,
            started_at=self.now(),
            finished_at=self.now(),
            verdict=Verdict.OK,
        )
        self.stores.golden.save_run(run, {})
        return run

    async def try_golden(self, deployment: str, version: str, *, actor: str) -> GoldenRun:
        """Store a run of a version that is worse."""
        tried = lookup.version(self.stores, version)
        run = GoldenRun(
            id=str(uuid4()),
            deployment=lookup.deployment(self.stores, deployment).name,
            subject=tried.name,
            against=None,
            compared=False,
            cause="gate",
            set_digest="5" * 64,
            started_at=self.now(),
            finished_at=self.now(),
            verdict=Verdict.FAIL,
        )
        self.stores.golden.save_run(run, {})
        return run

    def _move(self, name: str, to: VersionState, actor: str, reason: str) -> AdapterVersion:
        found = lookup.version(self.stores, name)
        return self.stores.registry.move(found.name, to, actor=actor, reason=reason, at=self.now())
