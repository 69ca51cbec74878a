"""Why one answer was flagged: what was found, how rare its signals are, what usual answers are near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guards.explanation import nearest_ids
from monitor.errors import NotFound
from monitor.ports.record import RecordedExchange
from monitor.ports.stores import Stores
from monitor.web import lookup
from monitor.web.rarity import Rarity, References, rarities

_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An answer beside the frozen reference.

    Args:
        rarities: of its signals, the rarest first.
        reference_size: answers of the reference, `None` if there is no reference.
        neighbours: the nearest answers of the reference that are still on record.
    """

    answer: RecordedExchange
    rarities: Sequence[Rarity]
    reference_size: int | None
    neighbours: Sequence[RecordedExchange]


def explain(stores: Stores, references: References, exchange_id: str) -> Explanation:
    """Return why an answer was flagged. Blocks. Raises `NotFound`."""
    answer = stores.exchanges.find(exchange_id)
    if answer is None:
        raise NotFound(f"There is no answer {exchange_id[:80]!r} on record.")
    deployment = lookup.deployment(stores, answer.deployment)
    reference = references.of(deployment.name, answer.adapter, deployment.baseline)
    return Explanation(
        answer=answer,
        rarities=rarities(answer, reference),
        reference_size=reference.size if reference else None,
        neighbours=_neighbours(stores, answer),
    )


def _neighbours(stores: Stores, answer: RecordedExchange) -> list[RecordedExchange]:
    ids = nearest_ids(answer.findings)[:_NEIGHBOURS]
    return [found for each in ids if (found := stores.exchanges.find(each)) is not None]
