"""A replay: the answers of a log assessed once, and judged under each policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from guards.exchange import Exchange
from guards.exchange_log import Logged
from guards.reference import TooFewAnswers
from monitor.errors import BadRequest
from monitor.runtime.replay.course import Course, Event
from monitor.runtime.replay.ground import ACTIVE, BASELINE, EPOCH, NAME, Ground, ground
from monitor.runtime.scoring.assessor import Assessor
from rollback.policy import Policy

REFERENCE_SIZE = 300  # answers of the log that are the reference where none is given


class Replay:
    """Runs the service's scoring, judging and deciding over answers that were given elsewhere.

    Args:
        policies: name → policy; each has a course of its own.
        usual: answers of the baseline, at least 40; their grades are what grades are compared with.

        name: of the reference, for people.

    Raises:
        BadRequest: if `usual` is too short for a reference.
    """

    def __init__(
        self, policies: Mapping[str, Policy], usual: Sequence[Exchange], *, name: str
    ) -> None:
        try:
            self.ground: Ground = ground([_placed(each, BASELINE) for each in usual])
        except TooFewAnswers as error:
            raise BadRequest(f"{name}: {error}") from error
        self.reference_size = len(usual)
        self.courses = [
            Course(name=name, policy=policy, ground=self.ground)
            for name, policy in policies.items()
        ]
        self._assessor = Assessor(self.ground, self.ground, {NAME: 0}, {})
        self._assessor.refresh()
        self._seen: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether no policy has anything left to decide."""
        return all(course.is_over for course in self.courses)

    def follow(self, answers: Sequence[tuple[int, Logged]]) -> Sequence[tuple[Course, Event]]:
        """Take in the next lines of the log with their indices; return what is done, in order."""
        exchanges: list[Exchange] = []
        indices: dict[str, int] = {}
        for index, logged in answers:
            exchange = self._named(index, logged.exchange)
            indices[exchange.id] = index
            exchanges.append(exchange)
            if logged.shadow is not None:
                tags = {**logged.shadow.tags, "shadow_of": exchange.id}
                exchanges.append(replace(_placed(logged.shadow, BASELINE), tags=tags))
        observed = self._assessor.assess(exchanges).observed
        done = [
            (course, event) for course in self.courses for event in course.follow(observed, indices)
        ]
        return sorted(done, key=lambda each: each[1].index)

    def _named(self, index: int, exchange: Exchange) -> Exchange:
        """Give every line a name of its own: equal lines of a log are answers of their own."""
        taken = exchange.id in self._seen
        self._seen.add(exchange.id)
        name = f"{exchange.id}#{index}" if taken else exchange.id
        tags = {key: text for key, text in exchange.tags.items() if key != "shadow_of"}
        return replace(_placed(exchange, ACTIVE), id=name, tags=tags)


def _placed(exchange: Exchange, adapter: str) -> Exchange:
    return replace(exchange, deployment=NAME, adapter=adapter, epoch=EPOCH)
