"""A change of version played through the service's own scoring, judging and deciding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.detection import figures, versions
from bench.detection.versions import Versions
from guards.betting import evidence_of_harm
from guards.exchange import Exchange, Message
from guards.exchange_log import Logged
from monitor.runtime.replay.ground import ACTIVE, BASELINE, EPOCH, NAME, Ground
from monitor.runtime.replay.replay import Replay
from rollback import decision
from rollback.decision import RollBack
from rollback.judge import Judge
from rollback.judge_settings import JudgeSettings
from rollback.policy import Policy
from rollback.situation import Situation

FEW = 200  # cases; of fewer, all of the old version's answers are the reference, without grades
REFERENCE = 300
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A change of `versions.all_changes` by its number, in one order of its cases."""

    change: int
    seed: int


def reference_size(cases: int) -> int:
    """Return how many cases are kept for the reference; the others are the stream."""
    if cases < FEW:
        return 0
    return min(REFERENCE, cases * 3 // 10)


def played(play: Play) -> Mapping[str, float]:
    """Return when the default policy acts, `figures.NEVER` for never.

    `live`: answers to the rollback by live pairs and grades; `golden`: by a golden run over all the
    cases; `drift`: by drift alone, without any grade; `suspicion`: answers to the suspicion then.
    """
    own = versions.all_changes()[play.change]
    order = np.random.default_rng(play.seed).permutation(len(own.prompts)).tolist()
    size = reference_size(len(order))
    usual = [_exchange(own, i, own.before, grade=_grade(own, i, size)) for i in order[:size]]
    usual = usual or [_exchange(own, i, own.before, grade=None) for i in order]
    stream = order[size:]
    graded = _events(usual, [_line(own, n, i) for n, i in enumerate(stream)])
    plain = [replace(each, grade=None) for each in usual]
    bare = [(n, _bare(_exchange(own, i, own.after, grade=None))) for n, i in enumerate(stream)]
    drifted = _events(plain, bare)
    return {
        "live": graded["rollback"],
        "golden": _golden(own, order),
        "drift": drifted["rollback"],
        "suspicion": drifted["suspect"],
    }


def _events(usual: Sequence[Exchange], lines: Sequence[tuple[int, Logged]]) -> Mapping[str, float]:
    """Return kind of event → answers to the first of its kind."""
    replay = Replay({"default": Policy()}, usual, name="bench")
    first = {"rollback": figures.NEVER, "suspect": figures.NEVER}
    for _, event in replay.follow(lines):
        first[event.kind] = min(first[event.kind], event.index + 1.0)
    return first


def _golden(own: Versions, order: Sequence[int]) -> float:
    """Return after how many cases of a golden run over all of them the default policy rolls back."""
    differences = [own.change.after[i] - own.change.before[i] for i in order]
    ground = Ground(frozen=b"")
    policy = Policy()
    situation = Situation(versions={ground.baseline.name: ground.baseline})

    judge = Judge(
        deployment=NAME, epoch=EPOCH, adapter=ACTIVE, settings=JudgeSettings(), reference=None
    )
    point = judge.observe_golden(differences, len(order), at=_NOW)
    decided = decision.decide(ground.deployment, point, situation, policy, _NOW)
    if not (isinstance(decided, RollBack) and decided.to == BASELINE):
        return figures.NEVER
    capital = evidence_of_harm(differences, policy.margin, len(order))
    return figures.first(policy.weights["golden"] * capital, policy.line)


def _grade(own: Versions, index: int, size: int) -> float | None:
    return own.change.before[index] if size else None


def _line(own: Versions, number: int, index: int) -> tuple[int, Logged]:
    answer = _exchange(own, index, own.after, grade=own.change.after[index])
    shadow = _exchange(own, index, own.before, grade=own.change.before[index])
    return number, Logged(
        exchange=answer, names_adapter=False, shadow=replace(shadow, id=f"{shadow.id}-shadow")
    )


def _bare(exchange: Exchange) -> Logged:
    return Logged(exchange=exchange, names_adapter=False)


def _exchange(
    own: Versions, index: int, outputs: Sequence[str], *, grade: float | None
) -> Exchange:
    return Exchange(
        id=str(own.change.ids[index]),
        deployment=NAME,
        started_at=_NOW + timedelta(seconds=index),
        messages=(Message(role="user", content=own.prompts[index]),),
        output=outputs[index],
        grade=grade,
    )
