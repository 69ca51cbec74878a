"""Weighs what answers are worth: beside their shadows, and for callers whom a canary dealt a version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from guards import worth
from guards.assessment import Assessed
from guards.exchange import Exchange
from guards.reference import is_comparable
from guards.worth import Source
from guards.wrongness import WRONG_ANSWER
from monitor.ports.handover import DEALT
from monitor.ports.record import Observed
from monitor.runtime.scoring.judged_pairs import Unjudged
from monitor.runtime.scoring.worths import Worth, Worths
from monitor.runtime.scoring.yardstick import Yardstick
from rollback.dealing import Dealt
from rollback.observation import Observation


class Weighing:
    """Adds to what judges are told what no single answer shows.

    Args:
        sources: deployment → where the worth of its answers is read; without an entry, pairs need
            grades, and canaries see faults alone.
    """

    def __init__(self, sources: Mapping[str, Collection[Source]]) -> None:
        self._sources = dict(sources)
        self._worths = Worths()
        self._unjudged: list[Unjudged] = []

    def take_unjudged(self) -> Sequence[Unjudged]:
        """Return the pairs since then that a judge is to compare."""
        taken, self._unjudged = self._unjudged, []
        return taken

    def add(
        self,
        yardsticks: Mapping[str, Yardstick],
        found: Mapping[int, Assessed],
        observed: dict[int, Observed],
    ) -> None:
        """Take in a batch by its rows, and add to what is observed of them.

        Live answers come first: their shadows may stand before them in a batch.
        """
        shadows: list[int] = []
        for row, seen in found.items():
            exchange = seen.scored.exchange
            against = yardsticks.get(exchange.deployment)
            if against is None or exchange.epoch != against.epoch:
                continue
            if "shadow_of" in exchange.tags:
                shadows.append(row)
                continue
            each = self._told(against, seen)
            self._remember(against, each)
            dealt = Dealt.parse(exchange.tags.get(DEALT, ""))
            if dealt is not None:
                observed[row] = self._as_dealt(observed.get(row), against, each, dealt)
        for row in shadows:
            against = yardsticks[found[row].scored.exchange.deployment]
            pair = self._pair(against, self._told(against, found[row]))
            if pair is not None:
                observed[row] = pair

    def _told(self, against: Yardstick, answer: Assessed) -> Assessed:
        """Return an answer with how likely it is wrong, if that is asked for: whoever gave it.

        Both answers of a pair, and both versions of a canary, are to be read in the same way.
        """
        scored, alone = answer.scored, against.wrong.alone
        if Source.WRONGNESS not in self._sources_of(scored.exchange) or alone is None:
            return answer
        if WRONG_ANSWER in scored.signals or not is_comparable(scored.exchange):
            return answer
        told = {**scored.signals, **alone.told([scored.signals])[0]}
        return replace(answer, scored=replace(scored, signals=told))

    def _remember(self, against: Yardstick, answer: Assessed) -> None:
        exchange = answer.scored.exchange
        sources = self._sources.get(exchange.deployment)
        if not sources or against.baseline is None or exchange.adapter != against.active:
            return
        value = worth.of(answer, sources)
        if value is None and Source.JUDGE in sources and is_comparable(exchange):
            value = 1.0  # nothing else is known of it
        if value is not None:
            kept = Worth(
                adapter=exchange.adapter,
                epoch=exchange.epoch,
                worth=value,
                caller=against.caller(exchange),
                is_graded=exchange.grade is not None,
                text=exchange.output if Source.JUDGE in sources else "",
            )
            self._worths.remember(exchange, kept)

    def _pair(self, against: Yardstick, shadow: Assessed) -> Observed | None:
        """Return what a pair says: the worth of the live answer less that of the baseline's.

        Where both are graded, the grades have said it. Where a judge compares, it is asked about
        those that are worth the same by all else: a pair is one bet.
        """
        exchange = shadow.scored.exchange
        answer = self._worths.of(exchange)
        if answer is None or answer.epoch != exchange.epoch:
            return None
        if exchange.adapter != against.baseline or exchange.adapter == answer.adapter:
            return None
        sources = self._sources_of(exchange)
        value = worth.of(shadow, sources)
        if value is None and Source.JUDGE in sources and is_comparable(exchange):
            value = 1.0
        if value is None or (answer.is_graded and exchange.grade is not None):
            return None
        pair = _observed(
            against,
            exchange,
            answer.adapter,
            Observation(
                exchange_id=exchange.id,
                at=exchange.started_at,
                pair=answer.worth - value,
                caller=answer.caller,
                beside=True,
            ),
        )
        if Source.JUDGE not in sources or answer.worth != value:
            return pair
        self._unjudged.append(
            Unjudged(
                observed=pair,
                messages=exchange.messages,
                answer=answer.text,
                shadow=exchange.output,
            )
        )
        return None

    def _as_dealt(
        self, observed: Observed | None, against: Yardstick, answer: Assessed, dealt: Dealt
    ) -> Observed:
        """Return what is observed of an answer with what it is worth to whoever was dealt a version.

        A candidate's answers, and those that broke off, are observed for that alone.
        """
        exchange = answer.scored.exchange
        value = worth.as_treated(answer, self._sources_of(exchange))
        if observed is None:
            alone = Observation(exchange_id=exchange.id, at=exchange.started_at, beside=True)
            observed = _observed(against, exchange, exchange.adapter, alone)
        return replace(
            observed, observation=replace(observed.observation, dealt=dealt, worth=value)
        )

    def _sources_of(self, exchange: Exchange) -> Collection[Source]:
        return self._sources.get(exchange.deployment, (Source.FAULTS,))


def _observed(
    against: Yardstick, exchange: Exchange, adapter: str | None, observation: Observation
) -> Observed:
    return Observed(
        deployment=exchange.deployment,
        adapter=adapter,
        epoch=exchange.epoch,
        own_reference=against.confirmed,
        observation=observation,
    )
