"""What a golden run is to do, and what it came to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from guards.declared import Prices
from guards.trial import SHOWN, History, Terms
from monitor.ports.golden import GoldenRun
from rollback.deployment import Deployment
from rollback.policy import Policy

SCHEDULE = "schedule"  # the cause of runs that the clock starts
PROMOTION = "promotion"  # of those that follow on a promotion
_LINES = ("worse_line", "clear_line", "stop_line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Args:
        against: version to compare with; only looked at if `compared`.
        cause: gate, suspicion, confirmation, promotion, schedule or demand.
        margin: how much worse on average is still no worse, in grades.
        floor: mean grade that a version without anything to compare with must reach.
        worse_line, clear_line: e-values at which the run stops because "worse" or "not worse" is
            shown; stop_line: e-value of harm that is enough beside other evidence. Infinite never
            stops.
        is_repeated: whether this is one of many runs, which FAIL by what they win together.
        occasion: what the run is made for, at most one run each: a slot of the clock, a promotion.
        may_wait: whether it waits for a run of the deployment that is under way; else it is
            skipped, and recorded so.
    """

    deployment: str
    subject: str | None
    against: str | None = None
    compared: bool = False
    cause: str
    margin: float
    min_cases: int
    floor: float = 0.0
    worse_line: float = math.inf
    clear_line: float = math.inf
    stop_line: float = math.inf
    is_repeated: bool = False
    occasion: str | None = None
    may_wait: bool = True

    @property
    def terms(self) -> Terms:
        """What the comparison is held to."""
        return Terms(
            margin=self.margin,
            min_cases=self.min_cases,
            worse_line=self.worse_line,
            clear_line=self.clear_line,
            evidence_line=self.stop_line,
            is_repeated=self.is_repeated,
        )

    @property
    def versions(self) -> tuple[str | None, ...]:
        """The versions that answer."""
        return (self.subject, self.against) if self.compared else (self.subject,)


def plan_of(
    deployment: Deployment,
    policy: Policy,
    *,
    cause: str,
    compared: bool,
    stop_line: float = math.inf,
    occasion: str | None = None,
) -> Plan:
    """Return the plan of a run of the version that serves.

    It ends early where the version is shown to be no worse. Scheduled runs repeat one question:
    they FAIL by what they have won together. Nobody waits for those that the clock or a promotion
    starts, so they are skipped where another run is under way.
    """
    return Plan(
        deployment=deployment.name,
        subject=deployment.active,
        against=deployment.baseline,
        compared=compared,
        cause=cause,
        margin=policy.margin,
        min_cases=policy.min_golden_cases,
        floor=policy.first_version_floor,
        clear_line=SHOWN,
        stop_line=stop_line,
        is_repeated=cause == SCHEDULE,
        occasion=occasion,
        may_wait=cause not in (SCHEDULE, PROMOTION),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is settled when a run begins, and kept, so that it ends alike wherever it is resumed.

    Args:
        history: what earlier runs tell when it comes to its turn; those that end later change
            nothing any more.
        chunk: cases that are asked between two looks at whether they are enough.
    """

    plan: Plan
    history: History | None
    chunk: int

    def record(self) -> dict[str, Any]:
        """Return it as JSON, where an infinite line is `null`."""
        plan = asdict(self.plan)
        lines = {name: None if math.isinf(plan[name]) else plan[name] for name in _LINES}
        history = None if self.history is None else asdict(self.history)
        return {"plan": {**plan, **lines}, "history": history, "chunk": self.chunk}

    @classmethod
    def restored(cls, record: Mapping[str, Any]) -> Course:
        """Return what `record` told. Raises `KeyError`, `TypeError` for anything else."""
        plan = dict(record["plan"])
        lines = {name: math.inf if plan[name] is None else plan[name] for name in _LINES}
        history = record["history"]
        return cls(
            plan=Plan(**{**plan, **lines}),
            history=None if history is None else History(**history),
            chunk=record["chunk"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How golden runs are done.

    Args:
        chunk: cases that are asked between two looks at whether they are enough; also the most that
            are asked together of each version.
        case_limit: how long the answer to one case and its grading may take.
        prices: deployment → what its tokens cost.
        hold: a process that died gives its run up after this.
    """

    chunk: int = 8
    case_limit: timedelta = timedelta(minutes=5)
    prices: Mapping[str, Prices] = field(default_factory=dict)
    hold: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished run, with the paired differences in the random order they were seen.

    Flaky cases are weighed down in the differences (`guards.flakiness.weighed`).

    Args:
        is_own: whether this process has brought it to its end; another's is not weighed here.
    """

    run: GoldenRun
    differences: tuple[float, ...]
    set_size: int
    critical_failures: tuple[str, ...]
    is_own: bool = True
