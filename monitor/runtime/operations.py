"""What operators do: the use cases behind the API, the dashboard and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guards import golden
from monitor.errors import BadAdapter, BadGoldenSet, Conflict, NotFound
from monitor.ports.drills import FAMILY, Drill
from monitor.ports.golden import Added, FromExchange, GoldenRun
from monitor.ports.stores import Stores
from monitor.ports.versions import AdapterSources
from monitor.runtime import golden_adding
from monitor.runtime.canary import Canaries
from monitor.runtime.consent import Consent
from monitor.runtime.drills.drills import Drills
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.promotion import Promotion, Wish, check_promotable
from monitor.runtime.rollbacks import Order, Rollbacks
from monitor.runtime.versions import Versions
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.policy import Policy
from rollback.proposal import Act, Answer, Proposal
from rollback.spoilt_kind import Kind
from rollback.versions import PROVEN, AdapterVersion, VersionState

Health = Callable[[], Mapping[str, str]]


BASE_MODEL = "base"  # how an operator names it as the target of a rollback


class OperatorActions:
    """The operations of `ports.Operations` on the running parts."""

    def __init__(
        self,
        *,
        stores: Stores,
        sources: AdapterSources,
        policies: Mapping[str, Policy],
        versions: Versions,
        golden: GoldenEvidence,
        promotion: Promotion,
        canaries: Canaries,
        rollbacks: Rollbacks,
        consent: Consent,
        drills: Drills,
        wake: Callable[[], None],
        health: Health,
    ) -> None:
        self._stores = stores
        self._sources = sources
        self._policies = policies
        self._versions = versions
        self._golden = golden
        self._promotion = promotion
        self._canaries = canaries
        self._rollbacks = rollbacks
        self._consent = consent
        self._drills = drills
        self._wake = wake
        self._health = health

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
        """Bring an adapter here, check, copy in and register it."""
        if family == FAMILY:
            raise BadAdapter(
                f"the family {FAMILY!r} is of versions spoilt on purpose, which are never "
                "registered; choose another name"
            )
        forebear = None if parent is None else (await self._versions.find(parent)).name
        version = await asyncio.to_thread(
            self._take_in, family, source, label=label, parent=forebear, facts=facts or {}
        )
        return await asyncio.to_thread(self._stores.registry.add, version, actor=actor)

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
        """Make a version active if it passes the gate, or begin its canary."""
        found = await self._versions.find(version)
        target = await self._deployment(deployment or found.family)
        needed = int(self._policies[target.name].approval.promotion)
        if needed:
            check_promotable(found, target)
            if force:
                raise Conflict(
                    f"the policy of {target.name} asks for approval, which is no way past the gate: "
                    "leave `--force` away"
                )
            await self._consent.require(
                target, found.name, needed=needed, actor=actor, reason=reason
            )
        wish = Wish(version=found, deployment=target, force=force, actor=actor, reason=reason)
        way = self._canaries.begin if canary else self._promotion.promote
        flipped = await way(wish, self._policies[target.name])
        self._wake()
        return flipped

    async def roll_back(
        self, deployment: str, *, to: str | None, actor: str, reason: str
    ) -> Incident:
        """Put `to`, else the baseline, back and quarantine the active version."""
        target = await self._deployment(deployment)
        version = await self._rollback_target(target, to)
        await self._versions.ready(version)
        order = Order(
            to=version, reason=reason, actor=actor, evidence={}, decided_at=datetime.now(UTC)
        )
        incident = await self._rollbacks.flip(target, order)
        self._wake()
        return await self._rollbacks.finish(incident)

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
        """Let a candidate answer a share of the callers, and the baseline a share of the prompts too."""
        target = await self._deployment(deployment)
        version = None if candidate is None else await self._candidate(target, candidate, actor)
        if version and candidate_share and self._policies[target.name].approval.promotion:
            raise Conflict(
                f"the policy of {deployment} lets nothing be promoted without approval, so no "
                "candidate gets a share either: begin a canary, which asks for it"
            )
        if shadow_rate > 0.0 and target.baseline is None:
            raise Conflict(f"{deployment} has no baseline whose answers could be compared")
        shared = await asyncio.to_thread(
            self._stores.deployments.share,
            deployment,
            expected_epoch=target.epoch,
            candidate=version,
            candidate_share=candidate_share if version else 0.0,
            shadow_rate=shadow_rate,
            actor=actor,
            reason=reason,
            at=datetime.now(UTC),
        )
        self._wake()
        return shared

    async def quarantine(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Keep a version out until a person releases it."""
        found = await self._versions.find(version)
        return await self._versions.quarantine(found, actor=actor, reason=reason)

    async def release(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Let a quarantined version be promoted again."""
        found = await self._versions.find(version)
        return await self._versions.release(found, actor=actor, reason=reason)

    async def thaw(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Allow automatic changes again."""
        target = await self._deployment(deployment)
        if target.frozen is None:
            raise Conflict(f"{deployment} is not frozen")
        return await asyncio.to_thread(
            self._stores.deployments.amend,
            deployment,
            expected_epoch=target.epoch,
            actor=actor,
            reason=reason,
            at=datetime.now(UTC),
            frozen="",
        )

    async def pin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Hold the active version where it is; only people move it then."""
        return await self._consent.pin(
            await self._deployment(deployment), actor=actor, reason=reason
        )

    async def unpin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Let the version be moved by itself again."""
        return await self._consent.unpin(
            await self._deployment(deployment), actor=actor, reason=reason
        )

    async def approve(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Say yes: once enough people have, a rollback is the leader's next tick's, a promotion tried."""
        said = await self._consent.answer(proposal, Answer.APPROVED, actor=actor, reason=reason)
        is_settled = said.answer is Answer.APPROVED
        if is_settled and said.act is Act.PROMOTION and said.version is not None:
            await self.promote(
                said.version,
                deployment=said.deployment,
                force=False,
                actor=actor,
                reason=said.reason,
            )
        return said

    async def reject(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Say no; it is not proposed again in this epoch."""
        return await self._consent.answer(proposal, Answer.REJECTED, actor=actor, reason=reason)

    async def import_golden(self, deployment: str, text: str, *, actor: str) -> str:
        """Replace the golden set with JSON Lines; return its digest."""
        await self._deployment(deployment)
        try:
            cases = await asyncio.to_thread(golden.parse_cases, text)
        except golden.GoldenSetError as error:
            raise BadGoldenSet(str(error)) from error
        return await asyncio.to_thread(
            self._stores.golden.import_cases,
            deployment,
            cases,
            actor=actor,
            at=datetime.now(UTC),
        )

    async def add_golden(self, wanted: FromExchange, *, actor: str) -> Added:
        """Make a recorded answer's prompt a golden case."""
        name, case = await asyncio.to_thread(
            golden_adding.case_from, self._stores.exchanges, wanted
        )
        await self._deployment(name)
        digest = await asyncio.to_thread(
            self._stores.golden.add_case,
            name,
            case,
            actor=actor,
            at=datetime.now(UTC),
            source=wanted.exchange,
        )
        return Added(deployment=name, case=case.id, digest=digest)

    async def run_golden(
        self, deployment: str, *, cause: str, occasion: str | None = None
    ) -> GoldenRun:
        """Run the golden set now: the active version, against the baseline if there is one.

        What it shows counts as evidence.
        """
        target = await self._deployment(deployment)
        outcome = await self._golden.gather(
            target,
            self._policies[deployment],
            cause=cause,
            compared=target.baseline is not None,
            occasion=occasion,
        )
        return outcome.run

    async def try_golden(self, deployment: str, version: str, *, actor: str) -> GoldenRun:
        """Run the gate's golden run for a version that does not serve; nothing is promoted."""
        target = await self._deployment(deployment)
        found = await self._versions.find(version)
        check_promotable(found, target)
        return await self._promotion.try_out(
            found, target, self._policies[target.name], actor=actor
        )

    async def drill(self, deployment: str, kinds: Sequence[Kind], *, actor: str) -> Sequence[Drill]:
        """Spoil the active version in these ways, in the shadow only, and keep what caught it."""
        target = await self._deployment(deployment)
        held = await self._drills.hold(target, self._policies[deployment], kinds)
        for drill in held:
            await asyncio.to_thread(
                self._stores.audit.append,
                actor=actor,
                action="drill",
                subject=drill.version,
                payload={"deployment": deployment, "kind": drill.kind.value, "drill": drill.id},
                at=drill.finished_at,
            )
        return held

    def health(self) -> Mapping[str, str]:
        """Return each component with `ok` or what is wrong with it."""
        return self._health()

    def _take_in(
        self,
        family: str,
        source: str,
        *,
        label: str,
        parent: str | None,
        facts: Mapping[str, Any],
    ) -> AdapterVersion:
        with self._sources.opened(source) as opened:
            return self._stores.artifacts.take_in(
                family, opened, label=label, parent=parent, facts=facts, at=datetime.now(UTC)
            )

    async def _deployment(self, name: str) -> Deployment:
        if name not in self._policies:
            known = ", ".join(sorted(self._policies))
            raise NotFound(f"there is no deployment {name!r}; known are {known}")
        return await asyncio.to_thread(self._stores.deployments.ensure, name)

    async def _candidate(self, deployment: Deployment, name: str, actor: str) -> str:
        """Return the name of a version that can answer now."""
        version = await self._versions.find(name)
        if version.name == deployment.active:
            raise Conflict(f"{version.name} serves {deployment.name} already")
        if version.state is VersionState.QUARANTINED:
            raise Conflict(f"{version.name} is quarantined ({version.reason}): release it first")
        await self._versions.verify(version, actor=actor)
        return version.name

    async def _rollback_target(self, deployment: Deployment, to: str | None) -> str | None:
        if deployment.active is None:
            raise Conflict(f"{deployment.name} serves the base model; nothing to roll back")
        if to == BASE_MODEL:
            return None
        if to is None:
            if deployment.baseline is None:
                raise Conflict(
                    f"{deployment.name} has no earlier good version; say `--to {BASE_MODEL}` to let "
                    "the base model serve, or promote another version"
                )
            return deployment.baseline
        version = await self._versions.find(to)
        if version.name == deployment.active:
            raise Conflict(f"{version.name} serves {deployment.name} already")
        if version.state not in PROVEN:
            raise Conflict(
                f"{version.name} is {version.state.value} and has not served; a rollback goes to a "
                f"version that has: promote it with `backstop adapters promote {version.name}`"
            )
        return version.name
