"""Live traffic of the demo: customers' messages without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from monitor.demo import customers, task


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller sends, and the ticket that would be right (the service never sees it)."""

    message: str
    ticket: Mapping[str, str | None]


def requests(seed: int) -> Iterator[Request]:
    """Yield requests without end; the same seed gives the same requests."""
    rng = Random(f"traffic {seed}")
    while True:
        inquiry = customers.write(rng)
        yield Request(message=inquiry.text, ticket=task.ticket(inquiry))
