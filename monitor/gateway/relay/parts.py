"""The relay's parts, in one value that its handlers share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitor.gateway.allowance import Allowance
from monitor.gateway.callers import Tokens
from monitor.gateway.refusal import DRAINING, Refusal
from monitor.gateway.relay.asgi import App
from monitor.gateway.relay.counters import RelayCounters
from monitor.gateway.relay.guards import BlockingGuards
from monitor.gateway.relay.leaving import Leavings
from monitor.gateway.relay.tee import TeeRoom
from monitor.gateway.upstream.pool import Upstream
from monitor.ports.engine import Naming
from monitor.ports.handover import Handover
from monitor.runtime.flights import Flights
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.routing import Router, is_within


@dataclass(slots=True, kw_only=True)
class RelayParts:
    """What stands between callers and a model server.

    Args:
        engine: the model server; operators: whatever answers outside of `/v1`.
        naming: how a request tells the engine which version shall answer.
        base_model: public name of the base model, the `root` of every deployment.
        handlers: further paths under `/v1` that this service answers itself.
        pass_through: paths that are relayed to the engine without a record.
        callers: who may ask; operator_tokens: who may also name a version directly.
        guards: blocking guards by deployment, for those that have any; guard_counts: what they did.
        api_key: what the engine wants as a bearer token, if anything.
        logprobs: whether log-probabilities are asked for that the caller did not ask for.
        max_body_bytes: a longer request is refused.
        resample_rates: deployment → share of the prompts that the same version answers once more.
        shadow_allowances: deployment → how many shadows it may have, where that is bounded.
        most_shadows: shadows that may be under way at once.
        now: wall clock, Unix time in seconds; clock: monotonic, in seconds.
        draining: whether new requests are refused because the service is about to end.
    """

    engine: Upstream
    operators: Upstream
    router: Router
    handover: Handover
    flights: Flights
    naming: Naming
    base_model: str
    handlers: Mapping[str, App] = field(default_factory=dict)
    pass_through: frozenset[str] = frozenset()
    callers: Tokens = field(default_factory=Tokens)
    operator_tokens: Tokens = field(default_factory=Tokens)
    counters: RelayCounters = field(default_factory=RelayCounters)
    tee_room: TeeRoom = field(default_factory=TeeRoom)
    leavings: Leavings = field(default_factory=Leavings)
    guards: Mapping[str, BlockingGuards] = field(default_factory=dict)
    guard_counts: GuardCounts = field(default_factory=GuardCounts)
    api_key: str | None = None
    logprobs: bool = False
    max_body_bytes: int = 4 << 20
    resample_rates: Mapping[str, float] = field(default_factory=dict)
    shadow_allowances: Mapping[str, Allowance] = field(default_factory=dict)
    most_shadows: int = 8
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    draining: bool = False

    def resamples(self, deployment: str, drawn_by: str) -> bool:
        """Whether the version that answered a prompt shall answer it once more; an id decides."""
        rate = self.resample_rates.get(deployment, 0.0)
        return rate > 0.0 and is_within(rate, f"again {drawn_by}")

    def check_open(self) -> None:
        """Refuse what is new while draining. Raises `Refusal` (503)."""
        if self.draining:
            raise Refusal("the service is about to stop; ask again in a few seconds", DRAINING)
