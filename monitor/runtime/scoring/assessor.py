"""Assesses answers: signals, faults, scores against the frozen reference, and what judges must know.

Assessing reads no store. The pointers and references are read by `refresh`, on another thread, and
put in place whole.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from guards import assessment
from guards.assessment import Assessed, Scored
from guards.constancy import ConstantAnswers
from guards.declared import Declared
from guards.exchange import Exchange
from guards.faults import Fault
from guards.novelty import Embedded, EmbeddedBy
from guards.reference import Reference, is_comparable
from guards.verdicts import Verdict
from guards.worth import Source
from monitor.ports.deployments import Pointers
from monitor.ports.evidence import Yardsticks
from monitor.ports.record import Observed
from monitor.runtime.scoring import yardstick
from monitor.runtime.scoring.judged_pairs import Unjudged
from monitor.runtime.scoring.pairing import Pair, Pairing, known_as
from monitor.runtime.scoring.weighing import Weighing
from monitor.runtime.scoring.yardstick import Gathered, Yardstick, without_pointers
from rollback.deployment import Deployment
from rollback.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found about a batch, in its order.

    Args:
        observed: the live answers of active versions, pairs of them with their shadows, and answers
            to callers whom a canary dealt to one of two versions.
        striking: for each of those whether it has a fault or is an outlier.
        live: the live answers, complete or not, with what they were held against.
    """

    scored: Sequence[Scored]
    observed: Sequence[Observed]
    striking: Sequence[bool]
    live: Sequence[tuple[Yardstick, Sequence[Exchange]]]


class Assessor:
    """Holds a yardstick for every watched deployment.

    Args:
        reference_sizes: watched deployment → answers that a reference is made of.
        schemas: deployment → JSON Schema that its answers must satisfy, where one is declared.
        declared: deployment → what else is declared of its answers, where anything is.
        worth: deployment → where the worth of its answers is read; without an entry, pairs need
            grades, and canaries see faults alone.
    """

    def __init__(
        self,
        deployments: Pointers,
        evidence: Yardsticks,
        reference_sizes: Mapping[str, int],
        schemas: Mapping[str, Mapping[str, Any]],
        declared: Mapping[str, Declared] | None = None,
        worth: Mapping[str, Collection[Source]] | None = None,
    ) -> None:
        self._deployments = deployments
        self._evidence = evidence
        self._reference_sizes = dict(reference_sizes)
        self._schemas = dict(schemas)
        self._declared = dict(declared or {})
        self._yardsticks: Mapping[str, Yardstick] = {}
        self._pairing = Pairing()
        self._weighing = Weighing(worth or {})

    def refresh(self) -> None:
        """Follow what Postgres says now; blocks. Raises `Unavailable`, and nothing has changed."""
        self.follow(self._deployments.all())

    def follow(self, deployments: Sequence[Deployment]) -> None:
        """Hold answers against what is right by now; an older state than the present changes nothing.

        Raises `Unavailable`; repeating it does no harm.
        """
        opened = {
            each.name: yardstick.open_for(each, self._evidence, self._reference_sizes[each.name])
            for each in deployments
            if each.name in self._reference_sizes and not self._is_up_to_date(each)
        }
        if opened:
            self._yardsticks = {**self._yardsticks, **opened}

    def is_behind(self, deployment: str, epoch: int) -> bool:
        """Whether an answer of this epoch was routed by later pointers than are known here."""
        if deployment not in self._reference_sizes:
            return False
        known = self._yardsticks.get(deployment)
        return known is None or known.epoch < epoch

    def due(self, exchanges: Sequence[Exchange], by: EmbeddedBy) -> Sequence[int]:
        """Return the rows of answers that are held against a reference of a model's vectors.

        Args:
            by: the model.
        """
        return [
            row
            for part in self._parts(exchanges)
            if part.is_held_against(by)
            for row in part.rows
            if is_comparable(exchanges[row])
        ]

    def strangers(self, by: EmbeddedBy) -> Mapping[str, EmbeddedBy]:
        """Return deployment → what its reference was embedded by, where that is another model."""
        held = {name: each.reference for name, each in self._yardsticks.items()}
        return {
            name: reference.novelty.by
            for name, reference in held.items()
            if reference is not None and reference.novelty.by.digest != by.digest
        }

    def assess(self, exchanges: Sequence[Exchange], embedded: Embedded | None = None) -> Findings:
        """Assess a batch, each deployment in its order; never blocks.

        A graded answer and its graded shadow by the baseline make a pair if both are in the batch.
        What a shadow's row says beside its own signals is how far the two answers agree, and how
        likely that makes it that the live one is wrong.

        Args:
            embedded: vectors of the answers by a model.
        """
        due = [self._as_declared(exchange) for exchange in exchanges]
        shadows = _graded_shadows(due)
        found: dict[int, Assessed] = {}
        observed: dict[int, Observed] = {}
        live: list[tuple[Yardstick, Sequence[Exchange]]] = []
        for part in self._parts(due):
            own = [due[row] for row in part.rows]
            vectors = None if embedded is None else embedded.rows(part.rows)
            assessed = part.assess(own, vectors)
            found.update(zip(part.rows, assessed, strict=True))
            if part.is_live and part.against is not None:
                observed.update(_observed(part.against, part.rows, assessed, shadows))
                live.append((part.against, own))
        self._weighing.add(self._yardsticks, found, observed)
        rows = sorted(observed)
        scored = [found[row].scored for row in range(len(due))]
        for row, pair in self._pairing.pairs(scored).items():
            told = {**pair.agreement, **self._told_beside(pair)}
            scored[row] = replace(scored[row], signals={**scored[row].signals, **told})
        return Findings(
            scored=scored,
            observed=[observed[row] for row in rows],
            striking=[_is_striking(found[row]) for row in rows if not _is_beside(observed[row])],
            live=live,
        )

    def take_unjudged(self) -> Sequence[Unjudged]:
        """Return the pairs since then that a judge is to compare."""
        return self._weighing.take_unjudged()

    def gather(self, findings: Findings) -> Sequence[Gathered]:
        """Keep first answers for references; return those that are enough for one by now."""
        enough = [against.gather(answers) for against, answers in findings.live]
        return [gathered for gathered in enough if gathered is not None]

    def _told_beside(self, pair: Pair) -> Mapping[str, float]:
        """Return how likely the active version's answer is wrong, by its baseline's."""
        against = self._yardsticks.get(pair.answer.deployment)
        if against is None or against.wrong.beside is None:
            return {}
        if (pair.answer.adapter, pair.shadow.adapter) != (against.active, against.baseline):
            return {}
        return against.wrong.beside.told([{**pair.clues, **pair.agreement}])[0]

    def _is_up_to_date(self, deployment: Deployment) -> bool:
        known = self._yardsticks.get(deployment.name)
        return known is not None and known.is_of(deployment)

    def _as_declared(self, exchange: Exchange) -> Exchange:
        """Return the exchange with what the operator declared, where it does not say so itself."""
        schema, declared = exchange.response_schema, exchange.declared
        if schema is None:
            schema = self._schemas.get(exchange.deployment)
        if declared is None:
            declared = self._declared.get(exchange.deployment)
        if schema is exchange.response_schema and declared is exchange.declared:
            return exchange
        return replace(exchange, response_schema=schema, declared=declared)

    def _parts(self, exchanges: Sequence[Exchange]) -> Iterable[_Part]:
        """Sort a batch by what its answers are held against."""
        parts: dict[Hashable, _Part] = {}
        unknown: dict[Hashable, Yardstick] = {}
        for row, exchange in enumerate(exchanges):
            key: Hashable = exchange.deployment
            against = self._yardsticks.get(exchange.deployment)
            if self.is_behind(exchange.deployment, exchange.epoch):
                key = (exchange.deployment, exchange.epoch, exchange.adapter)
                against = unknown.setdefault(key, without_pointers(exchange))
            is_live = against is not None and against.is_live(exchange)
            part = parts.setdefault((key, is_live), _Part(against=against, is_live=is_live))
            part.rows.append(row)
        return parts.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Rows of a batch that are held against the same; `against=None` is of a name nobody watches."""

    against: Yardstick | None
    is_live: bool
    rows: list[int] = field(default_factory=list)

    def is_held_against(self, by: EmbeddedBy) -> bool:
        """Whether there is a reference of a model's vectors to hold the answers against."""
        reference = None if self.against is None else self.against.reference
        return (
            reference is not None and bool(by.digest) and reference.novelty.by.digest == by.digest
        )

    def assess(
        self, exchanges: Sequence[Exchange], embedded: Embedded | None
    ) -> Sequence[Assessed]:
        """Assess in order; answers that are not live leave the stream's own faults alone."""
        if self.against is None:
            return assessment.assess(exchanges, None, ConstantAnswers())
        constant = self.against.constant if self.is_live else ConstantAnswers()
        return assessment.assess(
            exchanges,
            self.against.reference,
            constant,
            embedded=embedded,
            wrong=self.against.wrong.alone if self.is_live else None,
        )


def _graded_shadows(exchanges: Sequence[Exchange]) -> Mapping[str, Exchange]:
    """Return the graded shadows of a batch by the exchange whose prompt they answer once more."""
    return {
        each.tags["shadow_of"]: each
        for each in exchanges
        if each.grade is not None and "shadow_of" in each.tags
    }


def _shadow_of(exchange: Exchange, shadows: Mapping[str, Exchange]) -> Exchange | None:
    if not shadows:
        return None
    return next((shadows[name] for name in known_as(exchange) if name in shadows), None)


def _pair(against: Yardstick, exchange: Exchange, shadow: Exchange | None) -> float | None:
    """Return the grade less the baseline's on the same prompt, if both are known."""
    if exchange.grade is None or shadow is None or shadow.grade is None:
        return None
    if against.baseline is None or shadow.adapter != against.baseline:
        return None
    return exchange.grade - shadow.grade


def _observed(
    against: Yardstick,
    rows: Sequence[int],
    assessed: Sequence[Assessed],
    shadows: Mapping[str, Exchange],
) -> Iterator[tuple[int, Observed]]:
    """Yield what judges must know of the answers whose callers stayed, by their rows."""
    places = _places(against.reference, assessed)
    for row, each, (category, distance) in zip(rows, assessed, places, strict=True):
        exchange = each.scored.exchange
        if exchange.is_complete:
            yield (
                row,
                Observed(
                    deployment=exchange.deployment,
                    adapter=exchange.adapter,
                    epoch=exchange.epoch,
                    own_reference=against.confirmed,
                    observation=Observation(
                        exchange_id=exchange.id,
                        at=exchange.started_at,
                        scores=each.scores,
                        fault=_counts_as_fault(each, against.reference),
                        pair=_pair(against, exchange, _shadow_of(exchange, shadows)),
                        grade=exchange.grade,
                        words=each.words,
                        category=category,
                        prompt_distance=distance,
                        caller=against.caller(exchange),
                    ),
                ),
            )


def _places(
    reference: Reference | None, assessed: Sequence[Assessed]
) -> Sequence[tuple[int | None, float | None]]:
    """Return for each answer the category of its prompt and how far that lies from all known."""
    if reference is None or reference.categories is None:
        return [(None, None)] * len(assessed)
    prompts = [each.scored.exchange.prompt for each in assessed]
    placed = reference.categories.prompts.place(prompts)
    return list(zip(placed.categories.tolist(), placed.distances.tolist(), strict=True))


def _counts_as_fault(assessed: Assessed, reference: Reference | None) -> bool:
    """Whether an answer speaks against the version.

    An answer that the token limit cut may be the caller's doing; only against a reference, which
    knows how usual that is here, does it say something about the version.
    """
    if reference is not None:
        return assessed.fault
    return any(fault is not Fault.CUT for fault in assessed.own_faults)


def _is_beside(observed: Observed) -> bool:
    return observed.observation.beside


def _is_striking(assessed: Assessed) -> bool:
    return assessed.scored.verdict in (Verdict.FAIL, Verdict.WARN)
