"""The indicators of a log's own minutes, as Postgres computes them from the record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guards.assessment import Scored
from guards.exchange import FinishReason
from guards.quantiles import Quantiles
from guards.verdicts import Verdict
from monitor.ports.indicators import Indicator
from rollback.indicators import totals
from rollback.indicators.totals import Totals

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
    for name, found in totals.measured(_totals(answers), intervals=False).items():
        yield Indicator(
            deployment=answers[0].exchange.deployment,
            adapter=adapter,
            bucket=minute,
            name=name,
            value=found.value,
            count=found.count,
        )


def _totals(answers: Sequence[Scored]) -> Totals:
    whole = [each for each in answers if each.exchange.finish_reason is not FinishReason.ABANDONED]
    latency = _known(each.exchange.latency_s for each in whole)
    first = _known(each.exchange.first_token_s for each in answers)
    prompts = _known(each.exchange.prompt_tokens for each in whole)
    tokens = _known(each.exchange.output_tokens for each in whole)
    logprobs, wrong = _signal(whole, "logprob_mean"), _signal(whole, "wrong_answer")
    costs, grades = _signal(answers, "cost"), _known(each.exchange.grade for each in answers)
    return Totals(
        served=len(answers),
        judged=len(whole),
        faults=sum(each.verdict is Verdict.FAIL for each in whole),
        outliers=sum(each.verdict is Verdict.WARN for each in whole),
        errors=sum(map(_is_error, whole)),
        cut=sum(each.exchange.finish_reason is FinishReason.LENGTH for each in whole),
        timed=len(latency),
        prompts_counted=len(prompts),
        counted=len(tokens),
        with_logprob=len(logprobs),
        with_likely_wrong=len(wrong),
        graded=len(grades),
        priced=len(costs),
        first_tokens=len(first),
        latency_s=math.fsum(latency),
        prompt_tokens=math.fsum(prompts),
        output_tokens=math.fsum(tokens),
        speed_tokens=math.fsum(
            _known(each.exchange.output_tokens for each in answers if each.exchange.latency_s)
        ),
        speed_s=math.fsum(
            _known(
                each.exchange.latency_s
                for each in answers
                if each.exchange.output_tokens is not None
            )
        ),
        logprob=math.fsum(logprobs),
        likely_wrong=math.fsum(wrong),
        grade=math.fsum(grades),
        cost=math.fsum(costs),
        latency=Quantiles.of(latency),
        first_token=Quantiles.of(first),
    )


def _is_error(answer: Scored) -> bool:
    exchange = answer.exchange
    return exchange.error is not None or exchange.finish_reason is FinishReason.ERROR


def _known(values: Iterable[float | None]) -> list[float]:
    return [float(value) for value in values if value is not None]


def _signal(answers: Iterable[Scored], name: str) -> list[float]:
    return [each.signals[name] for each in answers if name in each.signals]
