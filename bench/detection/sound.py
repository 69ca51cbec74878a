"""Streams in which nothing changes, and when an alarm comes all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest

import numpy as np
from scipy.stats import ks_2samp

from bench.detection import data, figures, ours, traffic
from bench.detection.figures import NEVER
from guards.exchange import Exchange, Message
from rollback.judge import Judge
from rollback.judge_settings import JudgeSettings
from rollback.observation import Observation

REFERENCE = 300
TRAFFIC = ("clinc150", "banking77", "sgd")
_LENGTHS = {"alpaca_eval": 505, **dict.fromkeys(TRAFFIC, 1_500)}  # of streams
_PART_OF_DAY = {"alpaca_eval": 50, "clinc150": 100}  # answers before it changes
_EVERY, _LEVEL = 50, 0.05  # of the usual rule
_USUAL_RULE = "p < .05: Kolmogorov–Smirnov on the length of the last 50, every 50"
_NEVER_ALARM = "never alarm"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream in which nothing changes but, with `seasonal`, the time of day.

    Args:
        model: whose answers, of `alpaca_eval`; empty for texts of customers.
    """

    corpus: str
    seed: int
    model: str = ""
    seasonal: bool = False

    @property
    def kind(self) -> str:
        """What it is counted among."""
        return f"{self.corpus}, day and night" if self.seasonal else self.corpus

    @property
    def length(self) -> int:
        """Answers after the reference."""
        return _LENGTHS[self.corpus]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Grades, pairs and faults of a sound version, drawn at the very edge of what is tolerated."""

    seed: int
    rate: float = 0.8
    length: int = 1_000


def judged(stream: Stream) -> Mapping[str, Mapping[str, float]]:
    """Return subject → line → answers to the alarm in a stream; `NEVER` for none."""
    usual, later = _answers(stream)
    return {
        **ours.alarms(usual, later),
        _USUAL_RULE: _at_every_line(_usual_rule(usual, later)),
        _NEVER_ALARM: _at_every_line(NEVER),
    }


def _at_every_line(delay: float) -> Mapping[str, float]:
    return {f"{line:.0f}": delay for line in ours.LINES}


def _answers(stream: Stream) -> tuple[list[Exchange], list[Exchange]]:
    if stream.corpus == "alpaca_eval":
        prompts, texts = data.prompts(), data.outputs()[stream.model]
    else:
        prompts = texts = traffic.texts(stream.corpus)
    seed = [stream.seed, *f"{stream.kind} {stream.model}".encode()]
    order = np.random.default_rng(seed).permutation(len(texts)).tolist()
    usual, later = order[:REFERENCE], order[REFERENCE:]
    if stream.seasonal:
        later = list(_by_turns(later, traffic.is_of_day(stream.corpus), stream.corpus))
    made = partial(_exchange, prompts, texts)
    return [made(i) for i in usual], [made(i) for i in later[: stream.length]]


def _by_turns(order: Sequence[int], is_of_day: Sequence[bool], corpus: str) -> Iterator[int]:
    """Yield the texts of the day and those of the night by turns, each in their order."""
    size = _PART_OF_DAY[corpus]
    halves = [[index for index in order if is_of_day[index] == part] for part in (True, False)]
    parts = [[half[n : n + size] for n in range(0, len(half), size)] for half in halves]
    for day, night in zip_longest(*parts, fillvalue=[]):
        yield from (*day, *night)


def _exchange(prompts: Sequence[str], texts: Sequence[str], index: int) -> Exchange:
    return Exchange(
        id=str(index),
        deployment="bench",
        started_at=_NOW + timedelta(seconds=index),
        messages=(Message(role="user", content=prompts[index]),),
        output=texts[index],
    )


def _usual_rule(usual: Sequence[Exchange], later: Sequence[Exchange]) -> float:
    """Return when a test at 5 % that is repeated every 50 answers first rejects."""
    before, after = ([len(each.output) for each in part] for part in (usual, later))
    for end in range(_EVERY, len(after) + 1, _EVERY):
        if ks_2samp(before, after[end - _EVERY : end]).pvalue < _LEVEL:
            return float(end)
    return NEVER


def judged_harm(stream: Graded) -> Mapping[str, float]:
    """Return line → answers until the judge's evidence reaches it, without any margin."""
    draw = np.random.default_rng(stream.seed)
    settings = JudgeSettings(margin=0.0)
    usual = (draw.random(REFERENCE) < stream.rate).astype(float)
    own, other = (draw.random((2, stream.length)) < stream.rate).astype(float)
    faults = draw.random(stream.length) < settings.fault_rate_tolerated
    judge = Judge(
        deployment="bench", epoch=1, adapter="v2", settings=settings, reference=None, grades=usual
    )
    observed = [
        Observation(exchange_id=str(n), at=_NOW, fault=fault, pair=grade - beside, grade=grade)
        for n, (fault, grade, beside) in enumerate(
            zip(faults.tolist(), own.tolist(), other.tolist(), strict=True)
        )
    ]
    path = np.array([point.evidence for point in judge.observe_all(observed)])
    return {f"{line:.0f}": figures.first(path, line) for line in ours.LINES}
