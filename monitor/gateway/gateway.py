"""The gateway's parts, in one value that the routes share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.gateway.allowance import Allowance
from monitor.gateway.callers import Tokens
from monitor.gateway.counters import Counters
from monitor.gateway.feedback import Feedback
from monitor.gateway.guarding.request import Guarding
from monitor.gateway.refusal import BUSY, DRAINING, Refusal
from monitor.gateway.shadows import Shadows
from monitor.ports.engine import Engine
from monitor.ports.handover import Handover
from monitor.runtime.flights import Flights
from monitor.runtime.routing import Router


def utc_now() -> datetime:
    """Return the wall-clock time."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Gateway:
    """What stands between callers and the engine.

    Args:
        base_model: public name of the base model, the `root` of every deployment.
        flights: counts the answers under way by route.
        feedback: takes exchange id, score in [0, 1] and comment; raises `NotFound`.
        callers: who may ask; operators: who may also name a version directly.
        guards: blocking guards by deployment, for those that have any.
        places: requests that may be in the house at once, answered or waiting.
        max_body_bytes: a longer request is refused.
        shadow_allowances: deployment → how many shadows it may have in an hour, where that is bounded.
        draining: whether new requests are refused because the service is about to end.
    """

    engine: Engine
    router: Router
    handover: Handover
    counters: Counters
    flights: Flights
    feedback: Feedback
    base_model: str
    callers: Tokens = field(default_factory=Tokens)
    operators: Tokens = field(default_factory=Tokens)
    guards: Mapping[str, Guarding] = field(default_factory=dict)
    places: int = 256
    max_body_bytes: int = 4 << 20
    draining: bool = False
    in_flight: int = 0
    shadow_allowances: Mapping[str, Allowance] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    shadows: Shadows = field(init=False)

    def __post_init__(self) -> None:
        self.shadows = Shadows(
            engine=self.engine,
            handover=self.handover,
            now=self.now,
            clock=self.clock,
            allowances=self.shadow_allowances,
        )

    @property
    def has_room(self) -> bool:
        """Whether fewer than half of the places are taken, so that a shadow is in nobody's way."""
        return not self.draining and 2 * self.in_flight < self.places

    def enter(self) -> None:
        """Take a place. Raises `Refusal` while draining (503) or when all are taken (429)."""
        if self.draining:
            raise Refusal("the service is about to stop; ask again in a few seconds", DRAINING)
        if self.in_flight >= self.places:
            raise Refusal(f"{self.places} requests are waiting already; ask again shortly", BUSY)
        self.in_flight += 1
        self.counters.in_flight.set(self.in_flight)

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self.counters.in_flight.set(self.in_flight)
