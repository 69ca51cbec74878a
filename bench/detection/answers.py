"""The answers of a run, as the service would see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.detection import data
from bench.detection.chains import Run
from guards.exchange import Exchange, Message

_START = datetime(2026, 1, 1, tzinfo=UTC)


def of(run: Run) -> tuple[list[Exchange], list[Exchange]]:
    """Return a run's reference answers and its stream."""
    before, after = data.outputs()[run.before], data.outputs()[run.after]
    return (
        [_exchange(run, index, before[index]) for index in run.usual],
        [_exchange(run, index, after[index]) for index in run.stream],
    )


def _exchange(run: Run, index: int, output: str) -> Exchange:
    return Exchange(
        id=f"{run.seed}-{index}",
        deployment="bench",
        started_at=_START + timedelta(seconds=index),
        messages=(Message(role="prompt", content=data.prompts()[index]),),
        output=output,
    )
