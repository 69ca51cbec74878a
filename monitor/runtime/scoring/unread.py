"""What is known of a relayed answer without reading it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from guards.exchange import Exchange, FinishReason
from monitor.ports.handover import Relayed


def facts_alone(relayed: Relayed) -> Exchange:
    """Return the exchange with the facts of the relay, and no text: it is incomplete."""
    tags = {"request_id": relayed.request_id}
    if relayed.shadow_of is not None:
        tags["shadow_of"] = relayed.shadow_of
    return Exchange(
        id=relayed.id,
        deployment=relayed.deployment,
        started_at=datetime.fromtimestamp(relayed.started_at, UTC),
        messages=(),
        output="",
        adapter=relayed.adapter,
        epoch=relayed.epoch,
        latency_s=relayed.latency_s,
        finish_reason=FinishReason.INCOMPLETE,
        error="the answer could not be read",
        caller=relayed.caller,
        tags=tags,
    )


def read_nothing(relayed: Relayed) -> Sequence[Exchange]:
    """Return the facts of the relay alone, for where nothing is relayed."""
    return (facts_alone(relayed),)
