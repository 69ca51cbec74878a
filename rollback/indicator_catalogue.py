"""The indicators there are: what a rule may name, and what each can be blamed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a bad value may come from."""

    OPERATIONS = "operations"  # means that the engine or the traffic may be the cause as well
    QUALITY = "quality"  # means that it is a property of the answers themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One indicator.

    Args:
        unit: of its values, empty for a plain number.
    """

    name: str
    unit: str
    kind: Kind
    meaning: str


def _of(kind: Kind, *rows: tuple[str, str, str]) -> tuple[Described, ...]:
    return tuple(
        Described(name=name, unit=unit, kind=kind, meaning=meaning) for name, unit, meaning in rows
    )


CATALOGUE = (
    *_of(
        Kind.OPERATIONS,
        ("exchanges", "answers", "answers given in the minute"),
        ("abandoned_rate", "share", "answers that their caller did not wait for"),
        ("error_rate", "share", "answers that the engine failed to give"),
        ("latency_p50_s", "s", "median time to the whole answer"),
        ("latency_p95_s", "s", "95th percentile of the time to the whole answer"),
        ("first_token_p95_s", "s", "95th percentile of the time to the first token"),
        ("tokens_per_s", "tokens/s", "output tokens over the time they took"),
    ),
    *_of(
        Kind.QUALITY,
        ("fault_rate", "share", "answers with a fault"),
        ("outlier_rate", "share", "answers unlike the reference"),
        ("cut_rate", "share", "answers cut at the length limit"),
        ("output_tokens_mean", "tokens", "mean length of an answer"),
        ("mean_logprob", "nats", "mean log-probability of a token"),
        ("wrong_answer_mean", "share", "mean probability that an answer is wrong"),
        ("grade_mean", "grade", "mean grade of the graded answers"),
    ),
)

BY_NAME: Mapping[str, Described] = {each.name: each for each in CATALOGUE}
