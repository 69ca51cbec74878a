"""What a person should do now, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun
from monitor.reports.condition import Condition
from monitor.reports.debt import Debt
from rollback.deployment import Deployment

MANY_FOREBEARS = 3  # so many versions upon each other ask for training from the base model


class Task(Enum):
    """A thing that only a person can do, the most urgent first."""

    DECIDE = "decide"  # means that the deployment is frozen
    CHECK_ENGINE = "check_engine"  # means that a rollback was not proved
    ROLL_BACK = "roll_back"  # means that harm is shown, and the version still serves
    ANSWER = "answer"  # means that a proposal waits
    LOOK_AT_GOLDEN = "look_at_golden"  # means that the newest golden run failed or broke
    LOOK_AT_CHANGE = "look_at_change"  # means that answers have changed, and harm is not shown
    CHECK_FORCED = "check_forced"  # means that the active version was forced past its gate
    SETTLE_QUARANTINE = "settle_quarantine"  # means that a version waits to be released or dropped
    NAME_BASELINE = "name_baseline"  # means that there is nothing to fall back to
    RETRAIN = "retrain"  # means that versions are stacked too high


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """A task, and what it is about: a version, or a reason. May be others' words."""

    task: Task
    about: str


def todos(
    deployment: Deployment, condition: Condition, debt: Debt, runs: Sequence[GoldenRun]
) -> tuple[Todo, ...]:
    """Return what there is to do.

    Args:
        runs: newest first.
    """
    return tuple(
        Todo(task=task, about=about) for task, about in _found(deployment, condition, debt, runs)
    )


def _found(
    deployment: Deployment, condition: Condition, debt: Debt, runs: Sequence[GoldenRun]
) -> Iterator[tuple[Task, str]]:
    active = deployment.active or ""
    if deployment.frozen:
        yield Task.DECIDE, deployment.frozen
    if condition is Condition.UNPROVED:
        yield Task.CHECK_ENGINE, active
    if condition is Condition.BREACH:
        yield Task.ROLL_BACK, active
    for proposal in debt.proposals:
        yield Task.ANSWER, proposal.reason
    if (run := _newest_with_verdict(runs)) and run.verdict in (Verdict.FAIL, Verdict.ERROR):
        yield Task.LOOK_AT_GOLDEN, run.subject or ""
    if condition is Condition.SUSPICION:
        yield Task.LOOK_AT_CHANGE, active
    if any(each.version == deployment.active for each in debt.forced):
        yield Task.CHECK_FORCED, active
    for version in debt.quarantined:
        yield Task.SETTLE_QUARANTINE, version.version
    if deployment.active is not None and deployment.baseline is None:
        yield Task.NAME_BASELINE, active
    if len(debt.forebears) >= MANY_FOREBEARS:
        yield Task.RETRAIN, active


def _newest_with_verdict(runs: Sequence[GoldenRun]) -> GoldenRun | None:
    return next((run for run in runs if run.verdict is not None), None)
