"""Whatever is done and whatever fails, in whatever order, the invariants of `machine` hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.states.machine import Machine

T = TypeVar("T")
_FEW, _AT_ONCE, _MANY = 200, 250, 10_000
_STEPS = 20
_KINDS = 8  # of the nine that a run can come to; the rarest may be missed


@pytest.fixture(autouse=True)
def _quiet_and_in_order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Say nothing of failures, which these runs are made of; without threads a run can be repeated."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    monkeypatch.setattr(asyncio, "to_thread", _at_once)
    yield
    structlog.configure(**before)


async def _at_once(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return work(*arguments, **named)


def _drop(*_: object) -> NoReturn:
    raise structlog.DropEvent


def _run(count: int) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=count,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_few_runs_break_no_invariant() -> None:
    """As many as there is time for at every change; they come to all that is worth coming to."""
    _run(_FEW)
    assert len(Machine.reached) >= _KINDS, Machine.reached


@pytest.mark.soak
def test_ten_thousand_runs_break_no_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten thousand courses of up to 20 acts and failures each; how many are done is told meanwhile."""
    for done in range(_AT_ONCE, _MANY + 1, _AT_ONCE):
        _run(_AT_ONCE)
        came_to = ", ".join(f"{name} {count:,}" for name, count in Machine.reached.most_common())
        with capsys.disabled():
            print(  # noqa: T201
                f"{done:,} runs of up to {_STEPS} steps: no invariant was broken; runs that came "
                f"to a {came_to}",
                flush=True,
            )
