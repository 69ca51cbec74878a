"""Confirms a version that has shown itself good: its own answers become the reference."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet, Conflict
from monitor.ports.stores import Stores
from monitor.runtime.errands import Errands
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.watch import Watch
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment
from rollback.policy import Policy

log = structlog.get_logger(__name__)


class Confirmation:
    """Ends the probation of a version, once for each promotion."""

    def __init__(
        self,
        stores: Stores,
        golden: GoldenEvidence,
        watch: Watch,
        errands: Errands,
    ) -> None:
        self._stores = stores
        self._golden = golden
        self._watch = watch
        self._errands = errands
        self._tried: dict[tuple[str, int], datetime | None] = {}  # when to try again, if ever

    def consider(self, deployment: Deployment, policy: Policy, now: datetime) -> None:
        """Start to confirm the active version once it has given enough good answers."""
        if deployment.confirmed or deployment.active is None:
            return
        if self._is_settled(deployment, now) or not self._watch.may_confirm(deployment):
            return
        self._errands.start(
            f"confirmation:{deployment.name}", lambda: self._confirm(deployment, policy)
        )

    def _is_settled(self, deployment: Deployment, now: datetime) -> bool:
        key = (deployment.name, deployment.epoch)
        if key not in self._tried:
            return False
        again = self._tried[key]
        return again is None or now < again

    async def _confirm(self, deployment: Deployment, policy: Policy) -> None:
        """Confirm, if the golden set agrees; a run that broke off is repeated after a while."""
        drafted = await asyncio.to_thread(
            self._stores.evidence.drafted, deployment.name, deployment.epoch
        )
        if drafted is None:
            return  # no scorer has gathered enough yet; the next tick looks again
        verdict = await self._golden_verdict(deployment, policy)
        if verdict is not Verdict.OK:
            broke_off = verdict is Verdict.ERROR
            again = datetime.now(UTC) + policy.cool_down if broke_off else None
            self._tried[deployment.name, deployment.epoch] = again
            log.warning("not confirmed", deployment=deployment.name, golden_run=verdict.value)
            return
        try:
            await self._freeze(deployment, *drafted)
        except Conflict as error:
            self._tried[deployment.name, deployment.epoch] = datetime.now(UTC) + policy.cool_down
            log.warning("not confirmed", deployment=deployment.name, reason=str(error))

    async def _golden_verdict(self, deployment: Deployment, policy: Policy) -> Verdict:
        """Return what the last golden run of this version says if it is clean, else a new one."""
        runs = await asyncio.to_thread(self._stores.golden.runs, deployment.name)
        last = next((run for run in runs if run.subject == deployment.active and run.verdict), None)
        if last is not None and last.verdict is Verdict.OK:
            return Verdict.OK
        try:
            outcome = await self._golden.gather(
                deployment,
                policy,
                cause="confirmation",
                compared=deployment.baseline is not None,
            )
        except BadGoldenSet:
            return Verdict.OK  # nobody wrote a golden set, so it cannot speak against the version
        return outcome.run.verdict or Verdict.ERROR

    async def _freeze(self, deployment: Deployment, payload: bytes, size: int) -> None:
        """Make the drafted reference the version's own. Raises `Conflict`."""
        if not self._watch.may_confirm(deployment):
            raise Conflict(f"{deployment.name}: the evidence no longer allows it")
        now = datetime.now(UTC)
        await asyncio.to_thread(
            self._stores.evidence.save_reference,
            deployment.active,
            deployment.name,
            payload,
            size,
            now,
        )
        await asyncio.to_thread(
            self._stores.deployments.amend,
            deployment.name,
            expected_epoch=deployment.epoch,
            actor=AUTOMATIC,
            reason=f"served {size} answers without a finding; they are its reference from now on",
            at=now,
            confirmed=True,
        )
        log.info("confirmed", deployment=deployment.name, version=deployment.active, answers=size)
