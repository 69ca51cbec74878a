"""What is kept of the answers of a bucket: counts, sums and sketches, which add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter, truediv
from typing import Any

from guards import confidence, quantiles
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
    return each_merged([list(parts)])[0]


def each_merged(groups: Sequence[Sequence[Totals]]) -> list[Totals]:
    """Return the totals of each group together: at once, for there may be many small ones."""
    latency = quantiles.each_merged([[each.latency for each in group] for group in groups])
    first_token = quantiles.each_merged([[each.first_token for each in group] for group in groups])
    return [
        Totals(**_summed(group), latency=own, first_token=first)
        for group, own, first in zip(groups, latency, first_token, strict=True)
    ]


def _summed(group: Sequence[Totals]) -> dict[str, Any]:
    sums = map(sum, zip(*map(_numbers, group), strict=True))
    return dict(zip(NUMBERS, sums, strict=False))  # of nothing there are no sums


def measured(totals: Totals, *, intervals: bool, only: str | None = None) -> dict[str, Measured]:
    """Return the indicators that the answers give, by name.

    An indicator without an answer behind it is left out.

    Args:
        intervals: whether rates come with their confidence sequences, which take a millisecond each.
        only: the name of the one that is wanted; `None` is every one.
    """
    return {
        name: _measured(name, value(), count, intervals=intervals)
        for name, count, value in _values(totals)
        if count > 0 and only in (None, name)
    }


def _measured(name: str, value: float, count: int, *, intervals: bool) -> Measured:
    bounded = CATALOGUE[name].kind in _BOUNDED
    interval = confidence.rate_interval(value * count, count) if intervals and bounded else None
    return Measured(value=value, count=count, interval=interval)


def _values(t: Totals) -> Iterator[tuple[str, int, Callable[[], float]]]:
    """Yield name, answers behind it, and what computes the value where there are any."""
    yield "exchanges", t.served, lambda: float(t.served)
    yield "abandoned_rate", t.served, partial(truediv, t.served - t.judged, t.served)
    for name, count, total in _means(t):
        yield name, count, partial(truediv, total, count)
    for name, count, sketch, share in (
        ("latency_p50_s", t.timed, t.latency, 0.5),
        ("latency_p95_s", t.timed, t.latency, 0.95),
        ("latency_p99_s", t.timed, t.latency, 0.99),
        ("first_token_p50_s", t.first_tokens, t.first_token, 0.5),
        ("first_token_p95_s", t.first_tokens, t.first_token, 0.95),
    ):
        yield name, count, partial(sketch.value, share)
    yield "tokens_per_s", t.counted if t.speed_s > 0 else 0, lambda: t.speed_tokens / t.speed_s
    yield "cost", t.priced, lambda: t.cost


def _means(t: Totals) -> tuple[tuple[str, int, float], ...]:
    """Return name, count, and the sum that it divides."""
    return (
        ("fault_rate", t.judged, t.faults),
        ("outlier_rate", t.judged, t.outliers),
        ("error_rate", t.judged, t.errors),
        ("cut_rate", t.judged, t.cut),
        ("latency_mean_s", t.timed, t.latency_s),
        ("prompt_tokens_mean", t.prompts_counted, t.prompt_tokens),
        ("output_tokens_mean", t.counted, t.output_tokens),
        ("mean_logprob", t.with_logprob, t.logprob),
        ("wrong_answer_mean", t.with_likely_wrong, t.likely_wrong),
        ("grade_mean", t.graded, t.grade),
        ("cost_mean", t.priced, t.cost),
    )
