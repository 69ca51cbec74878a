"""What is kept of the answers of a bucket: counts, sums and sketches, which add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter

from guards import confidence
from guards.confidence import Interval
from guards.quantiles import EMPTY, Quantiles
from rollback.indicators.catalogue import CATALOGUE, Kind
from rollback.indicators.measured import Measured

_BOUNDED = frozenset({Kind.RATE, Kind.SHARE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The answers of an adapter and a slice over some time, summed up.

    Answers that their caller left are incomplete: they are `served` but not `judged`, and count in
    nothing else but cost, first tokens and grades.

    Args:
        timed, counted, …: answers for which the sum beside it is known.
        speed_tokens, speed_s: tokens and seconds of the answers for which both are known.
    """

    served: int = 0
    judged: int = 0
    faults: int = 0
    outliers: int = 0
    errors: int = 0
    cut: int = 0
    timed: int = 0
    prompts_counted: int = 0
    counted: int = 0
    with_logprob: int = 0
    with_likely_wrong: int = 0
    graded: int = 0
    priced: int = 0
    first_tokens: int = 0
    latency_s: float = 0.0
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0
    speed_tokens: float = 0.0
    speed_s: float = 0.0
    logprob: float = 0.0
    likely_wrong: float = 0.0
    grade: float = 0.0
    cost: float = 0.0
    latency: Quantiles = EMPTY
    first_token: Quantiles = EMPTY


SKETCHES = ("latency", "first_token")
NUMBERS = tuple(each.name for each in fields(Totals) if each.name not in SKETCHES)
_numbers = attrgetter(*NUMBERS)


def merged(parts: Iterable[Totals]) -> Totals:
    """Return the totals of all answers of the parts together."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    sums = (sum(column) for column in zip(*map(_numbers, every), strict=True))
    return Totals(
        **dict(zip(NUMBERS, sums, strict=False)),
        latency=EMPTY.merged(*(each.latency for each in every)),
        first_token=EMPTY.merged(*(each.first_token for each in every)),
    )


def measured(totals: Totals, *, intervals: bool) -> dict[str, Measured]:
    """Return the indicators that the answers give, by name, in the catalogue's order.

    An indicator without an answer behind it is left out.

    Args:
        intervals: whether rates come with their confidence sequences, which take a millisecond each.
    """
    return {
        name: Measured(
            value=value,
            count=count,
            interval=_interval(name, value, count) if intervals else None,
        )
        for name, value, count in _values(totals)
        if count > 0
    }


def _interval(name: str, value: float, count: int) -> Interval | None:
    if CATALOGUE[name].kind not in _BOUNDED:
        return None
    return confidence.rate_interval(value * count, count)


def _values(t: Totals) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and count."""
    yield "exchanges", float(t.served), t.served
    yield "abandoned_rate", _by(t.served - t.judged, t.served), t.served
    for name, events in (
        ("fault_rate", t.faults),
        ("outlier_rate", t.outliers),
        ("error_rate", t.errors),
        ("cut_rate", t.cut),
    ):
        yield name, _by(events, t.judged), t.judged
    yield "latency_mean_s", _by(t.latency_s, t.timed), t.timed
    for name, share in (("latency_p50_s", 0.5), ("latency_p95_s", 0.95), ("latency_p99_s", 0.99)):
        yield name, t.latency.value(share), t.timed
    for name, share in (("first_token_p50_s", 0.5), ("first_token_p95_s", 0.95)):
        yield name, t.first_token.value(share), t.first_tokens
    yield "prompt_tokens_mean", _by(t.prompt_tokens, t.prompts_counted), t.prompts_counted
    yield "output_tokens_mean", _by(t.output_tokens, t.counted), t.counted
    yield "tokens_per_s", _by(t.speed_tokens, t.speed_s), t.counted if t.speed_s > 0 else 0
    yield "mean_logprob", _by(t.logprob, t.with_logprob), t.with_logprob
    yield "wrong_answer_mean", _by(t.likely_wrong, t.with_likely_wrong), t.with_likely_wrong
    yield "grade_mean", _by(t.grade, t.graded), t.graded
    yield "cost", t.cost, t.priced
    yield "cost_mean", _by(t.cost, t.priced), t.priced


def _by(total: float, count: float) -> float:
    return total / count if count else 0.0
