"""The assessment of answers: signals, faults, oddness and a verdict for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from guards import explanation, faults, named
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.faults import Fault
from guards.novelty import Embedded
from guards.reference import Reference, is_comparable
from guards.signals import catalogue
from guards.signals.batch import Batch
from guards.signals.catalogue import SignalTable
from guards.verdicts import Verdict
from guards.wrongness import WrongAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """An exchange with what was found about it."""

    exchange: Exchange
    verdict: Verdict
    signals: Mapping[str, float]  # NaN values left out
    findings: tuple[str, ...] = ()  # faults and outliers in words, for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What the record keeps of an exchange, and what the judge observes of it.

    Args:
        faults: hard faults of the answer; any of them makes it a faulty one for the judge.
        words: its words, hashed with the reference's own key (`guards.words`), where it has scores.
        scores: nonconformity scores by channel of the reference, NaN left out; empty without a
            reference and for answers that are not comparable.
    """

    scored: Scored
    faults: tuple[Fault, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    words: bytes | None = None

    @property
    def own_faults(self) -> tuple[Fault, ...]:
        """The faults that are the version's own: not those of an answer that its caller ended."""
        return own_faults(self.scored.exchange, self.faults)

    @property
    def fault(self) -> bool:
        """Whether the answer has a hard fault of the version's own."""
        return bool(self.own_faults)


def own_faults(exchange: Exchange, found: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return the faults that a caller's limit or stop string does not explain."""
    if not exchange.ended_by_caller:
        return tuple(found)
    return tuple(fault for fault in found if not fault.is_of_the_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddness:
    """How odd one answer is beside the reference; without findings it is no outlier."""

    scores: Mapping[str, float] = field(default_factory=dict)
    words: bytes | None = None
    findings: tuple[str, ...] = ()


def assess(
    exchanges: Sequence[Exchange],
    reference: Reference | None,
    constant: ConstantAnswers,
    *,
    outlier_quantile: float = 0.99,
    embedded: Embedded | None = None,
    wrong: WrongAnswers | None = None,
) -> tuple[Assessed, ...]:
    """Assess answers of one deployment in the order in which they came.

    The verdict is FAIL for a hard fault, WARN for an outlier, INCONCLUSIVE for an answer that is
    incomplete or that its caller ended too early, else OK. An outlier is rarer than
    `outlier_quantile` of the n calibration answers, by all signals together or by its embedding, or
    than all of them where they are too few to say: at most one usual answer in min(100, n + 1) is
    called one. Nothing but WARN follows from it.

    Args:
        reference: usual answers of the deployment; without one nothing is an outlier.
        constant: moved on by these answers; its state belongs to the deployment and its epoch.
        embedded: vectors of the answers, where the reference's are a model's.
        wrong: what was learnt of wrong answers, for the signals `wrong_answer` and `wrong_answer_p` of
            comparable ones.
    """
    if not exchanges:
        return ()
    batch = Batch.of(exchanges)
    table = catalogue.table(batch)
    signals = _signals(exchanges, table, wrong)
    repeated = table.column("repeated_ngrams").tolist()
    found = [_faults(*each, constant) for each in zip(exchanges, repeated, strict=True)]
    if reference is None:
        return _join(exchanges, signals, found, [Oddness()] * len(exchanges))
    oddness = _oddness(reference, table, batch, outlier_quantile, embedded)
    return _join(exchanges, signals, found, oddness)


def _signals(
    exchanges: Sequence[Exchange], table: SignalTable, wrong: WrongAnswers | None
) -> list[dict[str, float]]:
    """Return the signals of each answer, and how likely it is wrong where that can be told."""
    signals = table.mappings()
    if wrong is None:
        return signals
    for row, told in enumerate(wrong.told(signals)):
        if is_comparable(exchanges[row]):
            signals[row].update(told)
    return signals


def _faults(exchange: Exchange, repeated: float, constant: ConstantAnswers) -> tuple[Fault, ...]:
    found = faults.faults(exchange, repeated=repeated)
    return (*found, Fault.CONSTANT) if constant.observe(exchange) else found


def _oddness(
    reference: Reference,
    table: SignalTable,
    batch: Batch,
    quantile: float,
    embedded: Embedded | None,
) -> list[Oddness]:
    columns = reference.scores_of(table, batch, embedded)
    p_values = reference.outlier_p_values(columns)
    line = max(1 - quantile, 1 / (1 + len(reference.surprise)))
    scores = named.to_mappings(list(columns), np.column_stack(list(columns.values())))
    findings: list[tuple[str, ...]] = [()] * len(batch)
    for row in np.flatnonzero(p_values <= line).tolist():
        own = None if embedded is None else embedded.rows([row])
        findings[row] = _outlier(reference, scores[row], batch[row], own)
    return [
        Oddness(scores=own, words=words if own else None, findings=said)
        for own, words, said in zip(scores, reference.words(batch.layout), findings, strict=True)
    ]


def _outlier(
    reference: Reference, scores: Mapping[str, float], exchange: Exchange, own: Embedded | None
) -> tuple[str, ...]:
    """Return what is odd about an outlier, and which reference answers lie nearest to it."""
    words = reference.explain_scores(scores) or ("odd in many signals at once",)
    return (*words, *explanation.nearest(reference.nearest(exchange.output, own)))


def _join(
    exchanges: Sequence[Exchange],
    signals: Sequence[Mapping[str, float]],
    found: Sequence[tuple[Fault, ...]],
    oddness: Sequence[Oddness],
) -> tuple[Assessed, ...]:
    return tuple(
        Assessed(
            scored=Scored(
                exchange=exchange,
                verdict=_verdict(exchange, own, odd),
                signals=shown,
                findings=(*(fault.sentence for fault in own), *odd.findings),
            ),
            faults=own,
            scores=odd.scores,
            words=odd.words,
        )
        for exchange, shown, own, odd in zip(exchanges, signals, found, oddness, strict=True)
    )


def _verdict(exchange: Exchange, found: tuple[Fault, ...], oddness: Oddness) -> Verdict:
    if own_faults(exchange, found):
        return Verdict.FAIL
    if not exchange.is_complete or found:
        return Verdict.INCONCLUSIVE
    return Verdict.WARN if oddness.findings else Verdict.OK
