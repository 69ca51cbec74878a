"""The indicators: one list, by which they are summed up, exported, shown, and named in policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Better(Enum):
    """In which direction an indicator is better."""

    HIGHER = "higher"  # means that more is better
    LOWER = "lower"  # means that less is better
    NEITHER = "neither"  # means that a change asks for a look, and has no sign


class Source(Enum):
    """What an indicator is made from."""

    ANSWERS = "answers"  # means the record of answers: by adapter, slice and time
    JUDGE = "judge"  # means the evidence curve: by adapter and time
    GOLDEN = "golden runs"  # means finished golden runs: by the adapter under test
    INCIDENTS = "incidents"  # means rollbacks: by the adapter that was taken away
    PROCESSES = "processes"  # means Backstop itself: by process, under no deployment


class Kind(Enum):
    """How the values of several buckets become one."""

    SUM = "sum"  # means that they are added
    RATE = "rate"  # means events by answers: both are added, then divided; has an interval
    SHARE = "mean in [0, 1]"  # means a mean of numbers in [0, 1]; has an interval
    MEAN = "mean"  # means a sum by a count: both are added, then divided
    QUANTILE = "quantile"  # means that sketches are merged
    LEVEL = "level"  # means that the latest stays, beside the least and the most


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What an indicator is.

    Args:
        name: in Postgres, policies, reports; after `backstop_` in Prometheus and OTLP.
        unit: `1` for a bare number.
    """

    name: str
    unit: str
    meaning: str
    better: Better
    kind: Kind
    source: Source = Source.ANSWERS


def _rate(name: str, meaning: str) -> Definition:
    return Definition(name=name, unit="1", meaning=meaning, better=Better.LOWER, kind=Kind.RATE)


def _seconds(name: str, meaning: str, kind: Kind = Kind.QUANTILE) -> Definition:
    return Definition(name=name, unit="s", meaning=meaning, better=Better.LOWER, kind=kind)


def _mean(name: str, unit: str, meaning: str, better: Better = Better.NEITHER) -> Definition:
    return Definition(name=name, unit=unit, meaning=meaning, better=better, kind=Kind.MEAN)


def _share(name: str, meaning: str, better: Better) -> Definition:
    return Definition(name=name, unit="1", meaning=meaning, better=better, kind=Kind.SHARE)


def _level(
    name: str, unit: str, meaning: str, source: Source, better: Better = Better.LOWER
) -> Definition:
    return Definition(
        name=name, unit=unit, meaning=meaning, better=better, kind=Kind.LEVEL, source=source
    )


_ANSWERS = (
    Definition(
        name="exchanges",
        unit="answers",
        meaning="answers given",
        better=Better.NEITHER,
        kind=Kind.SUM,
    ),
    _rate("abandoned_rate", "share of the answers that their callers left before the end"),
    _rate("fault_rate", "share of the whole answers with a fault (verdict fail)"),
    _rate("outlier_rate", "share of the whole answers unlike the reference (verdict warn)"),
    _rate("error_rate", "share of the whole answers in which the engine failed"),
    _rate("cut_rate", "share of the whole answers that ended at the limit of tokens"),
    _seconds("latency_mean_s", "mean time to the end of an answer", Kind.MEAN),
    _seconds("latency_p50_s", "median time to the end of an answer"),
    _seconds("latency_p95_s", "time to the end that 95 % of the answers keep"),
    _seconds("latency_p99_s", "time to the end that 99 % of the answers keep"),
    _seconds("first_token_p50_s", "median time to the first token"),
    _seconds("first_token_p95_s", "time to the first token that 95 % of the answers keep"),
    _mean("prompt_tokens_mean", "tokens", "mean length of a prompt"),
    _mean("output_tokens_mean", "tokens", "mean length of an answer"),
    _mean("tokens_per_s", "tokens/s", "tokens by the time that their answers took", Better.HIGHER),
    _mean("mean_logprob", "nats", "mean log-probability of an answer's tokens"),
    _share("wrong_answer_mean", "expected share of wrong answers", Better.LOWER),
    _share("grade_mean", "mean grade of the graded answers", Better.HIGHER),
    Definition(
        name="cost",
        unit="currency",
        meaning="what the tokens cost, by deployments.NAME.prices",
        better=Better.LOWER,
        kind=Kind.SUM,
    ),
    _mean("cost_mean", "currency", "what the tokens of an answer cost", Better.LOWER),
)
_LEVELS = (
    _level("evidence", "e-value", "evidence of harm by the active version", Source.JUDGE),
    _level("suspicion", "e-value", "drift of the active version's answers", Source.JUDGE),
    _level("traffic", "e-value", "change of the prompts' mix", Source.JUDGE, Better.NEITHER),
    _level(
        "judged_answers",
        "answers",
        "answers judged since the promotion",
        Source.JUDGE,
        Better.NEITHER,
    ),
    _level("golden_mean", "1", "mean grade of a golden run", Source.GOLDEN, Better.HIGHER),
    _level(
        "golden_regression_rate",
        "1",
        "share of the cases that the other version passed and this one fails",
        Source.GOLDEN,
    ),
    _level(
        "exposure", "answers", "answers of a version that was then rolled back", Source.INCIDENTS
    ),
    _level(
        "rollback_s",
        "s",
        "from the decision to the last replica on the new version",
        Source.INCIDENTS,
    ),
    _level("exchanges_waiting", "answers", "answers not yet recorded", Source.PROCESSES),
    _level("exchanges_dropped", "answers", "answers served and not recorded", Source.PROCESSES),
    _level("exchanges_lost", "answers", "answers handed over and lost", Source.PROCESSES),
    _level("exchanges_spooled", "answers", "answers on disk for Postgres", Source.PROCESSES),
    _level(
        "guarded_answers", "answers", "answers that guards flagged or blocked", Source.PROCESSES
    ),
    _level("resident_memory_bytes", "bytes", "memory of a process", Source.PROCESSES),
)

CATALOGUE: Mapping[str, Definition] = {each.name: each for each in (*_ANSWERS, *_LEVELS)}
OF_ANSWERS: Mapping[str, Definition] = {each.name: each for each in _ANSWERS}
_OF_THE_ENGINE = frozenset(
    {"exchanges", "abandoned_rate", "error_rate", "tokens_per_s", "cost", "cost_mean"}
)


def is_operational(name: str) -> bool:
    """Tell whether an indicator is as much the engine's and the callers' as the adapter's."""
    return name in _OF_THE_ENGINE or OF_ANSWERS[name].unit == "s"
