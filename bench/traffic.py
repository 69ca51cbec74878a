"""Trouble of the traffic: `python -m bench.traffic [--json] [--runs N] [--days N] [--per-day N]`.

A version that never changes, 90 simulated days × 100, under the default policy: no rollback may follow
from what its callers or its engine do. Simulated are the clock, who calls, and which answer is next:
a real model's own 505 answers (AlpacaEval), scored once by the service's assessor against 300 others
of the same model (from 200 callers), and then drawn with replacement. Judging (`Watch`) and deciding (`decide`) are the
service's own; judging goes on answer by answer, and every quarter of a day is decided. Not simulated: the gateway,
Postgres, scoring again, and golden runs that a suspicion would start.

    mix shift       from day 30 on, 9 of 10 prompts are of one of the reference's categories
    garbage caller  from day 30 on, half of all answers go to one caller, and each of them is faulty
    night and day   two halves of the categories take turns, twelve hours each
    slow engine     every third day the p95 latency is three times as long, the baseline's with it; the
                    policy has one more rule: roll back over 1.5 × the baseline's usual latency
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import output
from bench.detection import answers, figures
from bench.detection.chains import REFERENCE, Run
from guards.exchange import Exchange
from guards.reference import Reference
from monitor.ports.evidence import ObservedBatch
from monitor.ports.record import Observed
from monitor.runtime.replay.ground import ACTIVE, BASELINE, EPOCH, NAME, Ground, ground
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.watch import Watch
from rollback import decision, policy
from rollback.decision import Freeze, Hold, RollBack, Suspect
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.situation import Situation
from rollback.thresholds import Breach, Figure

_MODEL = "gpt-3.5-turbo-0613"
_PROMPTS = 805
_START = datetime(2026, 1, 1, tzinfo=UTC)
_LOOKS = 4  # decisions a day
_SHIFT_DAY = 30
_AT_ONCE = 30 * _LOOKS  # looks whose answers are judged together
_CALLERS = 200
_RULE = {"when": "latency_p95_s > 1.5 x baseline for 5 min", "action": "rollback"}
TROUBLES = ("mix shift", "garbage caller", "night and day", "slow engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of one run."""

    answers: int
    rollbacks: int
    freezes: int
    suspicions: int
    as_traffic: int  # of them, told with the change of the prompts
    new_prompts: bool  # whether the change of the prompts was shown by the end
    held: int  # decisions that held a broken rule, which is not the adapter's


@cache
def _pool() -> tuple[Ground, Sequence[Observed], NDArray[np.int64], Sequence[str | None]]:
    """Return the reference, the scored answers of the same model, their categories, and callers."""
    order = np.random.default_rng(0).permutation(_PROMPTS).tolist()
    run = Run(
        before=_MODEL, after=_MODEL, seed=0, usual=order[:REFERENCE], stream=order[REFERENCE:]
    )
    usual, stream = answers.of(run)
    known = [
        replace(each, caller=f"caller-{number % _CALLERS}") for number, each in enumerate(usual)
    ]
    own = ground([_placed(each, BASELINE) for each in known])
    assessor = Assessor(own, own, {NAME: 0}, {})
    assessor.refresh()
    observed = assessor.assess([_placed(each, ACTIVE) for each in stream]).observed
    found = [each.observation.category or 0 for each in observed]
    hashed = Reference.from_bytes(own.frozen).caller
    callers = [hashed(f"caller-{number}") for number in range(_CALLERS)]
    return own, observed, np.array(found, dtype=np.int64), [*callers, hashed("garbage")]


def _placed(exchange: Exchange, adapter: str) -> Exchange:
    return replace(exchange, deployment=NAME, adapter=adapter, epoch=EPOCH)


def simulated(trouble: str, days: int, per_day: int, seed: int) -> Ended:
    """Return what comes of one run."""
    own, observed, categories, _ = _pool()
    rng = np.random.default_rng(seed)
    rules = policy.parse({"thresholds": [_RULE]}) if trouble == "slow engine" else Policy()
    watch = Watch(own, own, {NAME: rules})
    told: list[decision.Decision] = []
    each = per_day // _LOOKS
    for first in range(0, days * _LOOKS, _AT_ONCE):
        looks = range(first, min(first + _AT_ONCE, days * _LOOKS))
        items = [
            one
            for look in looks
            for one in _answers(
                trouble, _drawn(trouble, look, each, observed, categories, rng), look, rng
            )
        ]
        batch = ObservedBatch(replica="bench", number=first, after=first - _AT_ONCE, items=items)
        points = watch.absorb([batch]).points
        for number, look in enumerate(looks):
            own_points = points[number * each : (number + 1) * each]
            told.append(_decided(trouble, own, rules, own_points, look, told))
            if isinstance(told[-1], RollBack | Freeze):
                return _ended(told, each * len(told), points)
    return _ended(told, each * len(told), points)


def _decided(
    trouble: str,
    own: Ground,
    rules: Policy,
    points: Sequence[EvidencePoint],
    look: int,
    told: Sequence[decision.Decision],
) -> decision.Decision:
    """Decide about a quarter of a day, by the point in it that says most."""
    point = max(points, key=lambda one: (one.evidence >= one.line, one.suspicion))
    at = _moment(look + 1)
    situation = Situation(
        versions={own.baseline.name: own.baseline},
        breaches=_breaches(trouble, rules, look, at),
        suspicion_known=any(isinstance(one, Suspect) for one in told),
    )
    return decision.decide(own.deployment, point, situation, rules, at)


def _moment(look: int) -> datetime:
    return _START + timedelta(days=look / _LOOKS)


def _drawn(
    trouble: str,
    look: int,
    count: int,
    observed: Sequence[Observed],
    categories: NDArray[np.int64],
    rng: np.random.Generator,
) -> Sequence[Observed]:
    chances = _chances(trouble, categories, look)
    return [observed[row] for row in rng.choice(len(observed), size=count, p=chances)]


def _ended(
    told: Sequence[decision.Decision], answers: int, points: Sequence[EvidencePoint]
) -> Ended:
    suspicions = [one for one in told if isinstance(one, Suspect)]
    return Ended(
        answers=answers,
        rollbacks=sum(isinstance(one, RollBack) for one in told),
        freezes=sum(isinstance(one, Freeze) for one in told),
        suspicions=len(suspicions),
        as_traffic=sum("change of the prompts" in one.reason for one in suspicions),
        new_prompts=points[-1].traffic >= points[-1].suspicion_line,
        held=sum(isinstance(one, Hold) and one.tell for one in told),
    )


def _chances(trouble: str, categories: NDArray[np.int64], look: int) -> NDArray[np.float64] | None:
    """Return how likely each answer is the next one; `None` is all alike."""
    if trouble == "mix shift" and look >= _SHIFT_DAY * _LOOKS:
        counts = np.bincount(categories)
        return _favoured(categories == counts.argmax(), 0.9)
    if trouble == "night and day":
        is_day = categories < np.median(categories)
        return _favoured(is_day if look % _LOOKS < _LOOKS // 2 else ~is_day, 0.9)
    return None


def _favoured(chosen: NDArray[np.bool_], share: float) -> NDArray[np.float64]:
    if chosen.all() or not chosen.any():
        return np.full(len(chosen), 1.0 / len(chosen))
    return np.where(chosen, share / chosen.sum(), (1.0 - share) / (~chosen).sum())


def _answers(
    trouble: str, drawn: Sequence[Observed], look: int, rng: np.random.Generator
) -> list[Observed]:
    names = _pool()[-1]
    callers = rng.integers(_CALLERS, size=len(drawn)).tolist()
    is_garbage = rng.random(len(drawn)) < 0.5
    sends = trouble == "garbage caller" and look >= _SHIFT_DAY * _LOOKS
    found = []
    for number, (one, caller, garbage) in enumerate(zip(drawn, callers, is_garbage, strict=True)):
        bad = bool(sends and garbage)
        observation = replace(
            one.observation,
            exchange_id=f"{look}-{number}",
            at=_moment(look) + timedelta(seconds=number),
            caller=names[-1] if bad else names[caller],
            fault=True if bad else one.observation.fault,
        )
        found.append(replace(one, observation=observation))
    return found


def _breaches(trouble: str, rules: Policy, look: int, at: datetime) -> tuple[Breach, ...]:
    if trouble != "slow engine" or (look // _LOOKS) % 3:
        return ()
    slow = Figure(value=3.0, answers=1_000)
    return (
        Breach(
            threshold=rules.thresholds[0],
            adapter=ACTIVE,
            since=at - timedelta(minutes=10),
            value=3.0,
            answers=1_000,
            limit=1.5,
            beside=slow,
            before=replace(slow, value=1.0),
        ),
    )


def main() -> None:
    """Simulate, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--per-day", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    began = time.perf_counter()
    rows: list[Mapping[str, Any]] = []
    _pool()  # before the processes are forked, which share it
    with ProcessPoolExecutor(options.jobs) as pool:
        for trouble in TROUBLES:
            work = partial(simulated, trouble, options.days, options.per_day)
            rows.append(_row(trouble, list(pool.map(work, range(options.runs), chunksize=2))))
            print(rows[-1], file=sys.stderr, flush=True)
    minutes = len(TROUBLES) * options.runs * options.days * 24 * 60
    notes = [
        f"{minutes:,} minutes simulated in {time.perf_counter() - began:.0f} s.",
        "Suspicion is drift, which stops nothing; in brackets upper 95 % limits of the share of runs.",
    ]
    output.show("Trouble of the traffic", rows, notes, options.json)


def _row(trouble: str, ended: Sequence[Ended]) -> Mapping[str, Any]:
    rolled = sum(each.rollbacks for each in ended)
    return {
        "trouble": trouble,
        "runs": len(ended),
        "answers": f"{sum(each.answers for each in ended):,}",
        "rollbacks": f"{rolled} (≤ {figures.upper_limit(rolled, len(ended)):.1%})",
        "freezes": sum(each.freezes for each in ended),
        "suspicions": sum(each.suspicions for each in ended),
        "told as traffic's": sum(each.as_traffic for each in ended),
        "change of prompts shown": sum(each.new_prompts for each in ended),
        "rules held as no adapter's": sum(each.held for each in ended),
    }


if __name__ == "__main__":
    main()
