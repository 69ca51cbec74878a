"""The indicators of a log's own minutes, as Postgres computes them from the record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guards.assessment import Scored
from guards.exchange import FinishReason
from guards.verdicts import Verdict
from monitor.ports.indicators import Indicator

_Key = tuple[datetime, str | None]


@dataclass(slots=True)
class Minutes:
    """Keeps the answers of the last minutes by version, and sums them up when asked.

    Args:
        back: how far behind the newest answer minutes are kept; `None` keeps all.
    """

    back: timedelta | None = None
    _answers: dict[_Key, list[Scored]] = field(default_factory=dict)
    _summed: dict[_Key, Sequence[Indicator]] = field(default_factory=dict)

    def add(self, scored: Iterable[Scored]) -> None:
        """Take in answers, in any order."""
        for each in scored:
            minute = each.exchange.started_at.replace(second=0, microsecond=0)
            key = (minute, each.exchange.adapter)
            self._answers.setdefault(key, []).append(each)
            self._summed.pop(key, None)
        self._forget()

    def indicators(self) -> Sequence[Indicator]:
        """Return the indicators of the minutes that are kept."""
        for key, answers in self._answers.items():
            if key not in self._summed:
                self._summed[key] = tuple(_indicators(*key, answers))
        return [indicator for summed in self._summed.values() for indicator in summed]

    def _forget(self) -> None:
        if self.back is None or not self._answers:
            return
        oldest = max(minute for minute, _ in self._answers) - self.back
        for key in [key for key in self._answers if key[0] < oldest]:
            del self._answers[key]
            self._summed.pop(key, None)


def _indicators(
    minute: datetime, adapter: str | None, answers: Sequence[Scored]
) -> Iterator[Indicator]:
    for name, (value, count) in _figures(answers):
        if value is not None and count > 0:
            yield Indicator(
                deployment=answers[0].exchange.deployment,
                adapter=adapter,
                bucket=minute,
                name=name,
                value=value,
                count=count,
            )


def _figures(answers: Sequence[Scored]) -> Iterator[tuple[str, tuple[float | None, int]]]:
    """Yield each indicator's value and the answers behind it."""
    served = len(answers)
    whole = [each for each in answers if each.exchange.finish_reason is not FinishReason.ABANDONED]
    yield "exchanges", (float(served), served)
    yield "abandoned_rate", ((served - len(whole)) / served, served)
    yield "fault_rate", _rate(each.verdict is Verdict.FAIL for each in whole)
    yield "outlier_rate", _rate(each.verdict is Verdict.WARN for each in whole)
    yield "error_rate", _rate(_is_error(each) for each in whole)
    yield "cut_rate", _rate(each.exchange.finish_reason is FinishReason.LENGTH for each in whole)
    latencies = _known(each.exchange.latency_s for each in whole)
    yield "latency_p50_s", (_percentile(latencies, 0.5), len(latencies))
    yield "latency_p95_s", (_percentile(latencies, 0.95), len(latencies))
    first = _known(each.exchange.first_token_s for each in answers)
    yield "first_token_p95_s", (_percentile(first, 0.95), len(first))
    tokens = _known(each.exchange.output_tokens for each in whole)
    yield "output_tokens_mean", _mean(tokens)
    yield "tokens_per_s", (_speed(answers), len(tokens))
    yield "mean_logprob", _mean(_signal(whole, "logprob_mean"))
    yield "wrong_answer_mean", _mean(_signal(whole, "wrong_answer"))
    yield "grade_mean", _mean(_known(each.exchange.grade for each in answers))


def _is_error(answer: Scored) -> bool:
    exchange = answer.exchange
    return exchange.error is not None or exchange.finish_reason is FinishReason.ERROR


def _rate(hits: Iterable[bool]) -> tuple[float | None, int]:
    return _mean([float(hit) for hit in hits])


def _mean(values: Sequence[float]) -> tuple[float | None, int]:
    return (math.fsum(values) / len(values) if values else None), len(values)


def _known(values: Iterable[float | None]) -> list[float]:
    return [float(value) for value in values if value is not None]


def _signal(answers: Iterable[Scored], name: str) -> list[float]:
    return [each.signals[name] for each in answers if name in each.signals]


def _percentile(values: Sequence[float], share: float) -> float | None:
    """Return a percentile, between two values in proportion, as `percentile_cont` does."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _speed(answers: Iterable[Scored]) -> float | None:
    """Return the output tokens over the seconds they took."""
    timed = [each.exchange for each in answers if each.exchange.latency_s is not None]
    tokens = _known(each.output_tokens for each in timed if each.latency_s)
    seconds = math.fsum(_known(each.latency_s for each in timed if each.output_tokens is not None))
    return math.fsum(tokens) / seconds if tokens and seconds > 0 else None
