"""Golden runs of the version that serves: what they show goes onto the judge's scales."""

from __future__ import annotations

from collections.abc import Callable

from guards.verdicts import Verdict
from monitor.runtime.golden_plan import Outcome, plan_of
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.judging import Judging
from monitor.runtime.watch import Watch
from rollback.deployment import Deployment
from rollback.policy import Policy


class GoldenEvidence:
    """Runs the golden set against the baseline, and weighs the differences."""

    def __init__(
        self, runs: GoldenRuns, watch: Watch, judging: Judging, wake: Callable[[], None]
    ) -> None:
        self._runs = runs
        self._watch = watch
        self._judging = judging
        self._wake = wake

    async def gather(
        self,
        deployment: Deployment,
        policy: Policy,
        *,
        cause: str,
        compared: bool,
        stop_line: float = float("inf"),
        occasion: str | None = None,
    ) -> Outcome:
        """Run the set for the active version, weigh what it shows, wake who must act.

        What has been run for the occasion
        already is not run again, and a run that was skipped or is another's is not weighed.

        Raises `BadGoldenSet` if the deployment has no golden set, `Unavailable`.
        """
        outcome = await self._runs.run(
            plan_of(
                deployment,
                policy,
                cause=cause,
                compared=compared,
                stop_line=stop_line,
                occasion=occasion,
            )
        )
        if outcome.is_own:
            await self.weigh(deployment, outcome)
        return outcome

    async def weigh(self, deployment: Deployment, outcome: Outcome) -> None:
        """Put a run on the scales of its epoch; a clean run lays a suspicion to rest."""
        clear = outcome.run.verdict is Verdict.OK
        await self._judging.judge(
            lambda: self._watch.weigh_golden(deployment, outcome, clear=clear)
        )
        self._wake()
