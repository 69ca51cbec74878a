"""Guards beside the record."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from guards.assessment import Scored
from guards.checks import catalogue
from guards.checks.judgement import Mode
from guards.guarded import Guarded, GuardVerdict
from guards.verdicts import Verdict
from monitor.runtime.guarding import Asked, GuardSet
from monitor.runtime.scoring.observing import Budget, Observing
from tests.guarding import EMAIL, Oracle, away
from tests.handed import NAME, exchange


def scored(output: str, verdict: Verdict = Verdict.OK, **changes: Any) -> Scored:
    """Return an assessed answer."""
    return Scored(exchange=exchange(output=output, **changes), verdict=verdict, signals={})


def observing(
    mode: str = "flag",
    budget: Budget | None = None,
    clock: Callable[[], float] = time.monotonic,
    **more: Any,
) -> Observing:
    """Return guards of personal data."""
    found = Observing(budget, clock)
    applied = catalogue.build({"personal_data": {"mode": mode}})
    found.sets = {NAME: GuardSet(applied=applied, **more)}
    return found


async def noted(guards: Observing, *batch: Scored) -> Sequence[Scored]:
    """Return a batch as the scorer's thread gets it."""
    return await asyncio.to_thread(guards.note, batch, asyncio.get_running_loop())


async def test_a_flagged_answer_is_to_be_looked_at_and_is_no_fault() -> None:
    """WARN, with kinds and counts and not a character of the match; a fault stays one."""
    guards = observing()
    first, second, third = await noted(
        guards, scored(f"to {EMAIL}"), scored(EMAIL, Verdict.FAIL), scored("fine")
    )
    assert first.verdict is Verdict.WARN
    assert first.findings == ("Guards flagged the answer: personal_data.email (1).",)
    assert second.verdict is Verdict.FAIL
    assert (third.verdict, third.findings) == (Verdict.OK, ())
    counted = {outcome: count for (*_, outcome), count in guards.counts.counts.items()}
    assert counted == {"flag": 2, "pass": 1}


async def test_what_is_only_observed_changes_no_verdict() -> None:
    """It stands in the record, and that is all."""
    (found,) = await noted(observing("observe"), scored(EMAIL))
    assert found.verdict is Verdict.OK
    assert found.findings == ("Guards observed: personal_data.email (1).",)


async def test_what_a_gateway_blocked_is_in_the_record_whatever_the_scorer_has() -> None:
    """Both say their part of one answer; an incomplete one that was blocked is to be looked at."""
    blocked = Guarded(verdict=GuardVerdict.BLOCK, kinds={"secrets.aws_key": 1})
    given = scored(EMAIL, Verdict.INCONCLUSIVE, guarded=blocked)
    (alone,) = await noted(Observing(), given)
    assert alone.verdict is Verdict.WARN
    assert alone.findings == ("Guards blocked the answer: secrets.aws_key (1).",)
    (both,) = await noted(observing(), given)
    assert both.findings == (
        "Guards blocked the answer: personal_data.email (1), secrets.aws_key (1).",
    )


async def test_beyond_the_budget_a_guard_fails_open_and_is_counted() -> None:
    """What is in the beginning is found all the same."""
    guards = observing(budget=Budget(characters=2_048))
    (found,) = await noted(guards, scored(f"to {EMAIL} " + "x " * 2_000))
    assert found.verdict is Verdict.WARN
    assert found.findings == (
        "Guards flagged the answer: personal_data.email (1).",
        "Passed unchecked: personal_data could not say.",
    )
    assert guards.counts.counts[NAME, "personal_data", "flag", "flag"] == 1
    await noted(guards, scored("x " * 2_000))
    assert guards.counts.counts[NAME, "personal_data", "flag", "failed_open"] == 1


async def test_an_oracle_that_is_told_a_beginning_could_not_say_of_the_rest() -> None:
    """What it finds in the beginning counts, and its silence does not."""
    asked = (Asked(guard=Oracle(lambda _text: None), mode=Mode.FLAG),)
    guards = observing(budget=Budget(characters=2_048), asked=asked)
    await noted(guards, scored("x " * 2_000))
    assert guards.counts.counts[NAME, "oracle", "flag", "failed_open"] == 1


async def test_a_slow_batch_is_read_for_so_long_and_no_longer() -> None:
    """An answer has its own share of the time, and the batch an end; the rest fails open."""
    ticks = itertools.count()
    guards = observing(budget=Budget(answer_s=4, read_s=11), clock=lambda: float(next(ticks)))
    slow = scored("word " * 4_000)
    found = await noted(guards, slow, slow, slow, scored("fine"))
    assert [bool(each.findings) for each in found] == [True] * 4
    assert guards.counts.counts[NAME, "personal_data", "flag", "failed_open"] == 4


async def test_an_oracle_is_asked_on_the_event_loop() -> None:
    """What it finds stands beside what the patterns find; when it is away, it fails open."""
    for says, finding in (
        (lambda _text: "bad", "Guards flagged the answer: oracle.bad (1)."),
        (away, "Passed unchecked: oracle could not say."),
    ):
        asked = (Asked(guard=Oracle(says), mode=Mode.FLAG),)
        (found,) = await noted(observing(asked=asked), scored("hello"))
        assert found.findings == (finding,)


async def test_a_batch_waits_for_oracles_no_longer_than_its_budget() -> None:
    """The record goes on; who was not told has failed open, and so has who was not asked."""
    oracle = Oracle(lambda _text: "bad")
    oracle.free.clear()
    asked = (Asked(guard=oracle, mode=Mode.FLAG),)
    guards = observing(budget=Budget(asked=2, batch_s=0.05), asked=asked)
    found = await noted(guards, *(scored("hello") for _ in range(3)))
    assert {each.findings for each in found} == {("Passed unchecked: oracle could not say.",)}
    assert len(oracle.asked) == 2


async def test_nothing_is_touched_without_guards() -> None:
    """The very batch comes back."""
    batch = [scored("hello")]
    assert Observing().note(batch, asyncio.get_running_loop()) is batch
