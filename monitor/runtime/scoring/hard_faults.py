"""Hard faults as one scorer sees them: what is left to judge by while Postgres is away.

The leader judges every replica's answers and all evidence. This judges one replica's answers, and
faults alone, by the same detector, tolerance, weight, cap and line; it is heeded only while nobody
can read what the leader would judge by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guards.betting import RateDetector
from guards.share_cap import ShareCap
from monitor.ports.record import Observed
from monitor.runtime.scoring.assessor import Findings
from monitor.runtime.scoring.yardstick import Yardstick
from monitor.runtime.shown_harm import ShownHarm
from monitor.runtime.watched import settings_of
from rollback.judge_settings import JudgeSettings
from rollback.policy import Policy


@dataclass(slots=True, kw_only=True)
class _Count:
    """The faults of one version under one epoch."""

    of: tuple[str | None, int]
    detector: RateDetector
    cap: ShareCap
    answers: int = 0
    faults: int = 0
    crossed: ShownHarm | None = field(default=None)


class HardFaults:
    """Counts faults by deployment. `note` runs on the scorer's thread, `shown` on any.

    Args:
        policies: of the watched deployments.
    """

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies = dict(policies)
        self._counts: dict[str, _Count] = {}

    def note(self, findings: Findings) -> None:
        """Take in a batch, in its order."""
        for against, _ in findings.live:
            policy = self._policies.get(against.deployment)
            if policy is not None:
                settings = settings_of(policy, against.reference)
                self._note(against, settings, findings.observed)

    def shown(self) -> tuple[ShownHarm, ...]:
        """Return the harm that has reached its line under the newest epoch of each deployment."""
        found = (count.crossed for count in list(self._counts.values()))
        return tuple(harm for harm in found if harm is not None)

    def _note(
        self, against: Yardstick, settings: JudgeSettings, observed: Sequence[Observed]
    ) -> None:
        ours = (each.observation for each in observed if _is_of(each, against))
        own = [each for each in ours if not each.beside]
        count = self._counts.get(against.deployment)
        if count is None or count.of != (against.active, against.epoch):
            if count is not None and count.of[1] > against.epoch:
                return  # late answers of an epoch that is over
            count = self._counts[against.deployment] = _begun(against, settings)
        counted = count.cap.update([each.caller for each in own])
        shown = [each.fault for each, counts in zip(own, counted, strict=True) if counts]
        if not shown:
            return
        count.answers += len(shown)
        count.faults += sum(shown)
        evidence = settings.weights.faults * float(count.detector.update(shown).max())
        if count.crossed is None and evidence >= settings.line:
            count.crossed = ShownHarm(
                deployment=against.deployment,
                adapter=against.active,
                epoch=against.epoch,
                evidence=evidence,
                answers=count.answers,
                faults=count.faults,
            )


def _is_of(observed: Observed, against: Yardstick) -> bool:
    told = (observed.deployment, observed.adapter, observed.epoch)
    return told == (against.deployment, against.active, against.epoch)


def _begun(against: Yardstick, settings: JudgeSettings) -> _Count:
    callers = {} if against.reference is None else against.reference.callers
    return _Count(
        of=(against.active, against.epoch),
        detector=RateDetector(settings.fault_rate_tolerated),
        cap=ShareCap(settings.caller_share_cap, callers),
    )
