"""The shadow of a drill: the spoilt version's answers under the service's own judging and deciding."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from guards.exchange import Exchange
from guards.exchange_log import Logged
from guards.worth import FREE
from monitor.ports.drills import Caught, Means
from monitor.runtime.drills.answering import Answering, Prompt
from monitor.runtime.replay.replay import Replay
from rollback.policy import Policy

_NEVER = 1e300  # a line that nothing reaches
_ENDS = {
    Means.FAULTS.value: "rollback",
    Means.PAIRS.value: "rollback",
    Means.DRIFT.value: "suspect",
    Means.TOGETHER.value: "rollback",
}


@dataclass(slots=True, kw_only=True)
class Shadow:
    """Holds a spoilt version's answers against those of the active one.

    Args:
        usual: the active version's answers to other prompts, at least 40: the reference.
        schema: JSON Schema that answers must satisfy, if one is declared.
    """

    policy: Policy
    usual: Sequence[Exchange]
    schema: Mapping[str, Any] | None
    _found: dict[str, Caught] = field(default_factory=dict)

    async def watch(
        self, answering: Answering, prompts: Sequence[Prompt], active: str | None, spoilt: str
    ) -> Sequence[Caught]:
        """Have both answer all prompts; return each means that spoke, in the order of `Means`.

        The seconds are those of the spoilt version's answers. Raises `Unavailable`.
        """
        replay = Replay(
            _policies(self.policy), self.usual, name="drill", schema=self.schema, worth=FREE
        )
        seconds = 0.0
        for start in range(0, len(prompts), answering.at_once):
            part = prompts[start : start + answering.at_once]
            began = time.monotonic()
            answers = await answering.ask(part, spoilt)
            seconds += time.monotonic() - began
            shadows = await answering.ask(part, active)
            pairs = enumerate(zip(answers, shadows, strict=True), start)
            lines = [(n, _line(n, answer, shadow)) for n, (answer, shadow) in pairs]
            self._note(replay, lines, seconds)
        return [self._found[each.value] for each in Means if each.value in self._found]

    def _note(self, replay: Replay, lines: Sequence[tuple[int, Logged]], seconds: float) -> None:
        for course, event in replay.follow(lines):
            if event.kind == _ENDS[course.name] and course.name not in self._found:
                self._found[course.name] = Caught(
                    by=Means(course.name),
                    answers=event.index + 1,
                    seconds=seconds,
                    reason=event.reason,
                )


def _policies(policy: Policy) -> Mapping[str, Policy]:
    """Return the policy itself, and what it would be with one means alone, at its own weight."""
    return {
        Means.TOGETHER.value: policy,
        Means.FAULTS.value: _alone(policy, "faults"),
        Means.PAIRS.value: _alone(policy, "pairs"),
        Means.DRIFT.value: replace(policy, line=_NEVER, thresholds=()),
    }


def _alone(policy: Policy, channel: str) -> Policy:
    """Return the policy with one channel's weight; the rest lies on golden runs, of which there are none."""
    own = policy.weights[channel]
    weights = {"faults": 0.0, "pairs": 0.0, "golden": 1.0 - own, channel: own}
    return replace(policy, weights=weights, thresholds=(), drift_may_roll_back=False)


def _line(number: int, answer: Exchange, shadow: Exchange) -> Logged:
    name = f"drill-{number}"
    return Logged(
        exchange=replace(answer, id=name),
        names_adapter=False,
        shadow=replace(shadow, id=f"{name}-shadow"),
    )
