"""Texts under guards, without holding the event loop."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from guards.checks.context import GuardContext
from monitor.gateway.guard_metrics import GuardCollector
from monitor.runtime.guarding import GuardedText
from tests.guarding import EMAIL, Oracle, away, guarding


async def _turns_of_others(work: asyncio.Future[str]) -> int:
    """Return how often somebody else has a turn while a piece is read."""
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_others_have_their_turn_while_a_long_piece_is_read() -> None:
    """Every few hundred characters."""
    text = GuardedText(guarding().guards, GuardContext())
    assert await _turns_of_others(asyncio.ensure_future(text.feed("12 " * 2_000))) > 20
    assert (text.fed, text.blocked) == (6_000, False)


async def test_slices_change_nothing() -> None:
    """What is released, joined, is the text; an address across two slices is found."""
    plain = GuardedText(guarding().guards, GuardContext())
    whole = "a word and another, " * 100
    assert await plain.feed(whole) + await plain.finish() == whole
    assert plain.fed == plain.released == len(whole)
    leak = GuardedText(guarding().guards, GuardContext())
    before = "word " * 50
    cleared = await leak.feed(f"{before}{EMAIL} and more " + "word " * 100)
    assert cleared == before
    assert leak.blocked


async def test_a_long_text_is_held_against_its_schema_elsewhere() -> None:
    """Not on the event loop; the verdict is the same."""
    guards = guarding({"schema": {"mode": "block"}}, response_schema={"type": "array"}).guards
    text = GuardedText(guards, GuardContext(response_schema=guards.response_schema))
    whole = "[" + "1," * 10_000 + "1]"
    assert await text.feed(whole) == ""
    assert await _turns_of_others(asyncio.ensure_future(text.finish())) > 0
    assert text.released == len(whole)


@pytest.mark.parametrize("says", [away, lambda _text: "bad"])
async def test_nothing_goes_out_that_an_oracle_objects_to(says: object) -> None:
    """Nor what it could not be asked about; what patterns have blocked it is not asked about."""
    oracle = Oracle(says)  # type: ignore[arg-type]
    text = GuardedText(guarding(oracles=[oracle]).guards, GuardContext())
    assert await text.feed("Hello ") + await text.finish() == ""
    assert text.blocked
    leak = GuardedText(guarding(oracles=[oracle]).guards, GuardContext())
    assert await leak.feed(f"Hello {EMAIL}") + await leak.finish() == ""
    assert oracle.asked == ["Hello "]


async def test_what_guards_did_is_in_the_metrics() -> None:
    """By deployment, guard, mode and outcome."""
    guards = guarding()
    text = GuardedText(guards.guards, GuardContext())
    await text.feed(EMAIL)
    await text.finish()
    guards.counts.note("support", text.reports)
    registry = CollectorRegistry()
    registry.register(GuardCollector(guards.counts))
    line = 'backstop_guarded_answers_total{deployment="support",guard="personal_data",mode="block",outcome="block"} 1.0'
    assert line in generate_latest(registry).decode()
