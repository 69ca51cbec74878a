"""Promotes a version: verify, golden gate against the active one, flip."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from guards.trial import SHOWN
from guards.verdicts import Verdict
from monitor.errors import BackstopError, BadGoldenSet, Conflict, GateRefused
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.runtime.convergence import Convergence
from monitor.runtime.failpoints import Failpoint, Failpoints
from monitor.runtime.golden_plan import PROMOTION, Plan, plan_of
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.versions import Versions
from rollback import gate
from rollback.deployment import Deployment, baseline_after_promotion
from rollback.policy import Policy
from rollback.versions import AdapterVersion, VersionState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants which version promoted, and why."""

    version: AdapterVersion
    deployment: Deployment
    force: bool
    actor: str
    reason: str


class Promotion:
    """Lets a version serve, if it passes the gate.

    Args:
        runs_after: whether the golden set is run once more, beside the traffic, of what was promoted.
    """

    def __init__(
        self,
        stores: Stores,
        versions: Versions,
        runs: GoldenRuns,
        convergence: Convergence,
        failpoints: Failpoints,
        *,
        runs_after: bool,
    ) -> None:
        self._stores = stores
        self._versions = versions
        self._runs = runs
        self._convergence = convergence
        self._runs_after = runs_after
        self._failpoints = failpoints

    async def promote(self, wish: Wish, policy: Policy) -> Deployment:
        """Promote, or say why not.

        Raises `Conflict` (quarantined, active already), `GateRefused`, `EngineError`.
        """
        run, forced = await self.examine(wish, policy)
        flipped = await self._flip(wish, forced=forced, run=run)
        await self._run_again(flipped, policy)
        return flipped

    async def examine(self, wish: Wish, policy: Policy) -> tuple[GoldenRun, bool]:
        """Return the golden run that lets a version pass, and whether it was forced past it.

        Raises `Conflict` (quarantined, active already), `GateRefused`, `EngineError`.
        """
        check_promotable(wish.version, wish.deployment)
        await self._versions.verify(wish.version, actor=wish.actor)
        self._failpoints.reach(Failpoint.PROMOTE_VERIFIED)
        run, critical = await self._golden(wish.version, wish.deployment, policy)
        passage = gate.gate(run.verdict or Verdict.ERROR, critical, force=wish.force)
        if isinstance(passage, gate.Refused):
            await self._record_refusal(wish, passage.reason, run)
            raise GateRefused(
                f"{wish.version.name} does not pass the golden gate: {passage.reason} "
                f"({run.summary.get('sentence', 'no figures')}); "
                f"{_where_to_look(run)}`--force` goes past it, and is recorded",
                numbers=run.summary,
            )
        self._failpoints.reach(Failpoint.PROMOTE_GATED)
        return run, isinstance(passage, gate.Forced)

    async def try_out(
        self, version: AdapterVersion, deployment: Deployment, policy: Policy, *, actor: str
    ) -> GoldenRun:
        """Run the gate's golden run for a version, and promote nothing.

        Raises `EngineError` if the version cannot be verified.
        """
        await self._versions.verify(version, actor=actor)
        run, _ = await self._golden(version, deployment, policy)
        return run

    async def _golden(
        self, version: AdapterVersion, deployment: Deployment, policy: Policy
    ) -> tuple[GoldenRun, tuple[str, ...]]:
        plan = Plan(
            deployment=deployment.name,
            subject=version.name,
            against=deployment.active,
            compared=deployment.active is not None,
            cause="gate",
            margin=policy.margin,
            min_cases=policy.min_golden_cases,
            floor=policy.first_version_floor,
            worse_line=SHOWN,
            clear_line=SHOWN,
        )
        try:
            outcome = await self._runs.run(plan)
        except BadGoldenSet as error:
            return _no_run(plan, str(error)), ()
        return outcome.run, outcome.critical_failures

    async def _run_again(self, deployment: Deployment, policy: Policy) -> None:
        """Have the set run of the version that serves now; the promotion stands without it, too."""
        if not self._runs_after:
            return
        plan = plan_of(
            deployment,
            policy,
            cause=PROMOTION,
            compared=deployment.baseline is not None,
            occasion=f"{PROMOTION} {deployment.epoch}",
        )
        try:
            await self._runs.intend(plan)
        except BackstopError as error:
            log.warning("no golden run follows", deployment=deployment.name, error=str(error))

    async def _record_refusal(self, wish: Wish, reason: str, run: GoldenRun) -> None:
        await asyncio.to_thread(
            self._stores.audit.append,
            actor=wish.actor,
            action="promotion refused",
            subject=wish.version.name,
            payload={"deployment": wish.deployment.name, "reason": reason, "golden_run": run.id},
            at=datetime.now(UTC),
        )

    async def _flip(self, wish: Wish, *, forced: bool, run: GoldenRun) -> Deployment:
        now = datetime.now(UTC)
        deployment = wish.deployment
        flipped = await asyncio.to_thread(
            self._stores.deployments.flip,
            Flip(
                deployment=deployment.name,
                expected_epoch=deployment.epoch,
                active=wish.version.name,
                baseline=baseline_after_promotion(deployment, wish.version.name),
                actor=wish.actor,
                reason=wish.reason or "promoted",
                at=now,
                action="promote",
                forced=forced,
                frozen="",  # a person decided anew: what froze the deployment is settled
                notice=_notice(wish, forced, now),
                evidence={"golden_run": run.id, "summary": run.summary},
            ),
        )
        self._failpoints.reach(Failpoint.PROMOTE_FLIPPED)
        self._convergence.route(flipped)
        self._failpoints.reach(Failpoint.PROMOTE_ROUTED)
        await self._convergence.acknowledge()
        self._failpoints.reach(Failpoint.PROMOTE_ACKNOWLEDGED)
        log.info("promoted", deployment=deployment.name, version=wish.version.name, forced=forced)
        return flipped


def check_promotable(version: AdapterVersion, deployment: Deployment) -> None:
    """Raise `Conflict` if a version is quarantined, or serves the deployment already."""
    name = version.name
    if version.state is VersionState.QUARANTINED:
        raise Conflict(
            f"{name} is quarantined ({version.reason}); a person may release it with "
            f"`backstop adapters release {name} --reason WHY`"
        )
    if deployment.active == name:
        raise Conflict(f"{name} serves {deployment.name} already")


def _where_to_look(run: GoldenRun) -> str:
    if not run.id:
        return ""
    return f"`backstop golden show {run.deployment} {run.id[:8]}` shows the cases that got worse; "


def _no_run(plan: Plan, sentence: str) -> GoldenRun:
    return GoldenRun(
        id="",
        deployment=plan.deployment,
        subject=plan.subject,
        against=plan.against,
        compared=plan.compared,
        cause=plan.cause,
        set_digest="",
        started_at=datetime.now(UTC),
        verdict=Verdict.INCONCLUSIVE,
        summary={"sentence": sentence},
    )


def _notice(wish: Wish, forced: bool, now: datetime) -> Notice:
    how = "forced past the golden gate" if forced else "passed the golden gate"
    return Notice(
        id=str(uuid.uuid4()),
        kind="promotion",
        severity="warning" if forced else "info",
        title=f"{wish.deployment.name}: {wish.version.label or wish.version.name} serves, {how}",
        facts={
            "deployment": wish.deployment.name,
            "from": wish.deployment.active,
            "to": wish.version.name,
            "reason": wish.reason,
            "actor": wish.actor,
        },
        created_at=now,
    )
