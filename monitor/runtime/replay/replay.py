"""A replay: the answers of a log assessed once, and judged under each policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guards.exchange import Exchange
from guards.exchange_log import Logged
from guards.reference import TooFewAnswers
from guards.worth import Source
from monitor.errors import BadRequest
from monitor.runtime.replay.course import Course, Event
from monitor.runtime.replay.ground import ACTIVE, BASELINE, EPOCH, NAME, Ground, ground
from monitor.runtime.replay.rules import Rules, minutes_for, usual
from monitor.runtime.scoring.assessor import Assessor
from rollback.policy import Policy
from rollback.thresholds import Figure

_SHADOW = "shadow_of"  # tag
REFERENCE_SIZE = 300  # answers of the log that are the reference where none is given


class Replay:
    """Runs the service's scoring, judging and deciding over answers that were given elsewhere.

    Args:
        policies: name → policy; each has a course of its own.
        reference: answers of the baseline, at least 40; their grades are what grades are compared with.
        name: of the reference, for people.
        schema: JSON Schema that answers must satisfy, where they do not say so themselves.
        worth: where the worth of answers is read that nobody graded; without any, pairs need grades.

    Raises:
        BadRequest: if `reference` is too short for a reference.
    """

    def __init__(
        self,
        policies: Mapping[str, Policy],
        reference: Sequence[Exchange],
        *,
        name: str,
        schema: Mapping[str, Any] | None = None,
        worth: Collection[Source] = (),
    ) -> None:
        own = [_placed(each, BASELINE) for each in reference if not is_shadow(each)]
        try:
            self.ground: Ground = ground(own)
        except TooFewAnswers as error:
            raise BadRequest(f"{name}: {error}") from error
        self.reference_size = len(own)
        self._schemas = {} if schema is None else {NAME: schema}
        self._worth = {NAME: worth} if worth else {}
        self._minutes = minutes_for(policies.values())
        figures = self._usual(own)
        self.courses = [
            Course(
                name=name,
                policy=policy,
                ground=self.ground,
                rules=Rules(policy, self.ground.deployment, self._minutes, figures),
            )
            for name, policy in policies.items()
        ]
        self._assessor = self._new_assessor()
        self._seen: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether no policy has anything left to decide."""
        return all(course.is_over for course in self.courses)

    def follow(self, answers: Sequence[tuple[int, Logged]]) -> Sequence[tuple[Course, Event]]:
        """Take in the next lines of the log with their indices; return what is done, in order.

        Lines that are shadows of others are left out, as the service does: they are not what the
        version answered its callers.
        """
        exchanges: list[Exchange] = []
        indices: dict[str, int] = {}
        for index, logged in answers:
            if is_shadow(logged.exchange):
                continue
            exchange = self._named(index, logged.exchange)
            indices[exchange.id] = index
            exchanges.append(exchange)
            if logged.shadow is not None:
                tags = {**logged.shadow.tags, _SHADOW: exchange.id}
                exchanges.append(replace(_placed(logged.shadow, BASELINE), tags=tags))
                indices[logged.shadow.id] = index
        findings = self._assessor.assess(exchanges)
        if self._minutes is not None:
            self._minutes.add(findings.scored)
        done = [
            (course, event)
            for course in self.courses
            for event in course.follow(findings.observed, indices)
        ]
        return sorted(done, key=lambda each: each[1].index)

    def _new_assessor(self) -> Assessor:
        assessor = Assessor(self.ground, self.ground, {NAME: 0}, self._schemas, worth=self._worth)
        assessor.refresh()
        return assessor

    def _usual(self, own: Sequence[Exchange]) -> Mapping[str, Figure]:
        """Return the reference's indicators, if a policy has thresholds."""
        if self._minutes is None:
            return {}
        return usual(self._new_assessor().assess(own).scored, BASELINE)

    def _named(self, index: int, exchange: Exchange) -> Exchange:
        """Give every line a name of its own: equal lines of a log are answers of their own."""
        name = exchange.id
        while name in self._seen:
            name = f"{name}#{index}"
        self._seen.add(name)
        return replace(_placed(exchange, ACTIVE), id=name)


def is_shadow(exchange: Exchange) -> bool:
    """Whether a line is another version's answer to the prompt of a line."""
    return _SHADOW in exchange.tags


def _placed(exchange: Exchange, adapter: str) -> Exchange:
    return replace(exchange, deployment=NAME, adapter=adapter, epoch=EPOCH)
