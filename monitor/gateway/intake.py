"""Taking exchanges in that somebody reports who serves the model without this gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from guards.exchange import Exchange
from guards.exchange_log import Logged
from monitor.gateway.callers import Tokens
from monitor.gateway.refusal import BUSY, Refusal, invalid
from monitor.ports.handover import Handover, Reported
from monitor.runtime.routing import Router

_AHEAD = timedelta(days=1)  # that a clock elsewhere may be
_NOT_JUDGED = 0  # the epoch of no live traffic


@dataclass(slots=True, kw_only=True)
class Intake:
    """What stands between reporters and the scorer.

    Args:
        reporters: who may report: operators, for what is reported decides about versions.
        max_body_bytes: a longer body is refused, also if it is longer once it is inflated.
        now: wall clock, Unix time in seconds.
    """

    router: Router
    handover: Handover
    reporters: Tokens = field(default_factory=Tokens)
    max_body_bytes: int = 4 << 20
    now: Callable[[], float] = time.time

    def moment(self) -> datetime:
        """Return the time of day."""
        return datetime.fromtimestamp(self.now(), UTC)

    def knows(self, deployment: str) -> bool:
        """Whether there is such a deployment."""
        return deployment in self.router.table.routes

    @property
    def known(self) -> str:
        """The names of all deployments, for people."""
        return ", ".join(sorted(self.router.table.routes)) or "none yet"

    def routed(self, logged: Logged) -> tuple[Exchange, ...]:
        """Return what is to be handed over: the exchange, and its shadow if it has one.

        An answer of the active version, and one that names no version, belongs to the deployment's
        present epoch and is judged. One of any other version is recorded only.

        Raises `Refusal` (400) for an unknown deployment, and for a time that is yet to come.
        """
        exchange = logged.exchange
        route = self.router.table.routes.get(exchange.deployment)
        if route is None:
            raise invalid(
                f"deployment {exchange.deployment!r} is not known; known: {self.known}",
                "deployment",
            )
        if exchange.started_at > self.moment() + _AHEAD:
            raise invalid("started_at lies more than a day ahead of this service", "started_at")
        adapter = exchange.adapter if logged.names_adapter else route.active
        epoch = route.epoch if adapter == route.active else _NOT_JUDGED
        own = replace(exchange, adapter=adapter, epoch=epoch)
        return (own,) if logged.shadow is None else (own, logged.shadow)

    def take(self, reported: Sequence[tuple[Exchange, ...]]) -> int:
        """Hand all over; return how many groups of exchanges these were.

        Raises `Refusal` (429) where the room ends. Reporting what was taken once more is safe where
        ids and times are given: the record knows it by them.
        """
        for taken, group in enumerate(reported):
            for exchange in group:
                if not self.handover.offer(Reported(exchange=exchange)):
                    raise Refusal(
                        f"the first {taken} of {len(reported)} exchanges are taken and there is no "
                        "room for more now; report the rest again shortly",
                        BUSY,
                    )
        return len(reported)
