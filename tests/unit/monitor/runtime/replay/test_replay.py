"""Replays: the service's own judging over answers that were given elsewhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from guards.exchange import Exchange
from guards.exchange_log import Logged
from monitor.errors import BadRequest
from monitor.runtime.replay.course import Event
from monitor.runtime.replay.replay import Replay
from rollback.policy import Policy
from tests.handed import exchange

WORDS = [
    "the",
    "order",
    "was",
    "sent",
    "to",
    "you",
    "by",
    "post",
    "and",
    "will",
    "come",
    "within",
    "a",
    "week",
    "or",
    "two",
]


def answer(number: int, **changes: object) -> Exchange:
    """Return an ordinary answer of some words, like no other."""
    said = random.Random(number)
    words = said.choices(WORDS, k=said.randint(8, 20))
    return exchange(number, **{"output": " ".join(words) + ".", **changes})


def logged(answers: Sequence[Exchange], baseline: float | None = None) -> list[tuple[int, Logged]]:
    """Return lines of a log, with shadows of this grade if there is one."""
    return [
        (index, Logged(exchange=each, names_adapter=True, shadow=_shadow(each, baseline)))
        for index, each in enumerate(answers)
    ]


def _shadow(each: Exchange, grade: float | None) -> Exchange | None:
    if grade is None:
        return None
    return replace(each, id=f"{each.id}#shadow", adapter="other", grade=grade)


def usual(count: int = 80, **changes: object) -> list[Exchange]:
    """Return answers for a reference."""
    return [answer(10_000 + n, **changes) for n in range(count)]


def replay_of(policy: Policy | None = None) -> Replay:
    """Return a replay of one policy."""
    return Replay({"p": policy or Policy()}, usual(), name="usual.jsonl")


def events(replay: Replay, lines: list[tuple[int, Logged]]) -> list[Event]:
    """Return what one batch leads to."""
    return [event for _, event in replay.follow(lines)]


def test_ordinary_answers_lead_to_nothing() -> None:
    """All are judged, and none is an event."""
    replay = replay_of()
    assert events(replay, logged([answer(n) for n in range(150)])) == []
    assert replay.courses[0].judged == 150


def test_faulty_answers_are_rolled_back_onto_the_reference_and_the_rest_is_not_judged() -> None:
    """The event names the line at which the evidence reached the line."""
    replay = replay_of()
    lines = logged([answer(n, error="out of memory") for n in range(40)])
    (event,) = events(replay, lines)
    assert (event.kind, event.channel) == ("rollback", "faults")
    assert event.evidence >= 100_000.0
    assert event.reason.endswith("back to reference")
    assert replay.is_over
    assert replay.courses[0].judged == event.index + 1 < 40


def test_a_change_of_the_answers_is_suspected_once() -> None:
    """Drift has no sign: by default it does not roll back."""
    replay = replay_of()
    found = events(replay, logged([answer(n, output=f"No {n}.") for n in range(100)]))
    assert [event.kind for event in found] == ["suspect"]
    assert found[0].channel.startswith("drift.")


def test_drift_rolls_back_where_the_policy_says_so() -> None:
    """In words."""
    replay = replay_of(Policy(drift_may_roll_back=True))
    found = events(replay, logged([answer(n, output=f"No {n}.") for n in range(100)]))
    assert [event.kind for event in found] == ["suspect", "rollback"]


@pytest.mark.parametrize(("own", "baseline", "kinds"), [(0.0, 1.0, ["rollback"]), (1.0, 0.0, [])])
def test_graded_shadows_are_pairs_with_a_sign(
    own: float, baseline: float, kinds: list[str]
) -> None:
    """Worse answers are rolled back, better ones never."""
    replay = replay_of()
    lines = logged([answer(n, grade=own) for n in range(60)], baseline)
    assert [event.kind for event in events(replay, lines)] == kinds


def test_the_cut_into_batches_changes_no_event() -> None:
    """Each answer is decided upon by itself."""
    lines = logged([answer(n, error="oops" if n > 20 else None) for n in range(60)])
    whole, parts = replay_of(), replay_of()
    at_once = events(whole, lines)
    in_parts = [event for n in range(0, 60, 7) for event in events(parts, lines[n : n + 7])]
    assert [(e.kind, e.index) for e in at_once] == [(e.kind, e.index) for e in in_parts]
    assert at_once


def test_equal_lines_are_answers_of_their_own() -> None:
    """A log without ids may repeat itself; each line counts."""
    replay = replay_of()
    replay.follow(logged([answer(1)] * 30))
    assert replay.courses[0].judged == 30


def test_policies_run_side_by_side() -> None:
    """A lower line is reached earlier."""
    strict, lax = Policy(line=100.0), Policy(line=1e9)
    replay = Replay({"strict": strict, "lax": lax}, usual(), name="usual.jsonl")
    found = replay.follow(logged([answer(n, error="oops") for n in range(60)]))
    assert [(course.name, event.kind) for course, event in found] == [
        ("strict", "rollback"),
        ("lax", "rollback"),
    ]
    assert found[0][1].index < found[1][1].index


def test_a_policys_dry_run_hides_nothing() -> None:
    """A replay never acts anyway."""
    replay = replay_of(Policy(dry_run=True))
    found = events(replay, logged([answer(n, error="oops") for n in range(60)]))
    assert [event.kind for event in found] == ["rollback"]


def test_too_short_a_reference_is_named() -> None:
    """With how many answers it needs."""
    with pytest.raises(BadRequest, match=r"usual\.jsonl: a reference needs at least 40"):
        Replay({"p": Policy()}, usual(5), name="usual.jsonl")
