"""The guard that asks Presidio."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from guards.checks.context import GuardContext
from monitor.engines.presidio_guard import PresidioGuard
from monitor.errors import ConfigError, EngineError, Unavailable

CONTEXT = GuardContext()


@dataclass(frozen=True)
class Result:
    """What Presidio's results have."""

    entity_type: str
    start: int
    end: int
    score: float


def _numbers(text: str) -> Sequence[Result]:
    place = text.find("7")
    return [Result("PHONE_NUMBER", place, len(text), 0.75), Result("PERSON", 0, 4, 0.85)]


async def test_results_are_findings_in_the_answer_s_order() -> None:
    """Places and scores are Presidio's; the text is masked."""
    guard = PresidioGuard("presidio", _numbers)
    try:
        found = await guard.check("Anna 7654321", CONTEXT)
    finally:
        await guard.close()
    assert [(each.kind, each.start, each.end, each.score) for each in found] == [
        ("presidio:person", 0, 4, 0.85),
        ("presidio:phone_number", 5, 12, 0.75),
    ]
    assert "Anna" not in found[0].excerpt


async def test_what_presidio_raises_is_an_engine_error() -> None:
    """The combinator counts it as a failure."""

    def fail(_text: str) -> Sequence[Result]:
        raise ValueError("no model for fr")

    guard = PresidioGuard("presidio", fail)
    try:
        with pytest.raises(EngineError, match="no model for fr"):
            await guard.check("x", CONTEXT)
    finally:
        await guard.close()


async def test_presidio_past_its_limit_is_unavailable() -> None:
    """The caller waits no longer than the limit."""
    done = threading.Event()

    def wait(_text: str) -> Sequence[Result]:
        done.wait(10)
        return []

    guard = PresidioGuard("presidio", wait, limit_s=0.02)
    try:
        with pytest.raises(Unavailable, match=r"over 0\.02 s"):
            await guard.check("x", CONTEXT)
    finally:
        done.set()
        await guard.close()


@pytest.mark.skipif(
    importlib.util.find_spec("presidio_analyzer") is not None, reason="Presidio is installed"
)
async def test_without_presidio_the_error_says_what_to_install() -> None:
    """It is an extra."""
    with pytest.raises(ConfigError, match=r"pip install 'backstop\[presidio\]'"):
        await PresidioGuard.open("presidio")


async def test_an_answer_that_would_hold_up_all_others_is_not_looked_at() -> None:
    """It fails, as if Presidio had not been there."""
    guard = PresidioGuard("presidio", _numbers)
    try:
        with pytest.raises(Unavailable, match="characters"):
            await guard.check("7" * 200_001, CONTEXT)
    finally:
        await guard.close()
