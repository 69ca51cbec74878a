"""Replays: the service's own judging over answers that were given elsewhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from guards.exchange import Exchange
from guards.exchange_log import Logged
from monitor.errors import BadRequest
from monitor.runtime.replay.course import Event
from monitor.runtime.replay.replay import Replay
from rollback import rules
from rollback.policy import Policy
from rollback.windows import Maintenance, Window
from tests.handed import START, exchange

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


def failing(start: int, count: int) -> list[Exchange]:
    """Return good answers graded 1; about 15 % of them, by chance, failed and are graded 0."""
    chance = random.Random(start)
    return [
        answer(start + n, error="oops", grade=0.0)
        if chance.random() < 0.15
        else answer(start + n, grade=1.0)
        for n in range(count)
    ]


def test_a_version_that_fails_as_often_as_its_reference_is_not_rolled_back() -> None:
    """Failed answers are graded in the reference and in the stream alike."""
    replay = Replay({"p": Policy(margin=0.0)}, failing(10_000, 300), name="usual.jsonl")
    assert events(replay, logged(failing(0, 400))) == []
    assert replay.courses[0].judged == 400


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


def test_a_name_made_for_a_line_collides_with_no_other() -> None:
    """Whatever ids the log has, every line is judged and keeps its index."""
    replay = replay_of()
    names = ["a", "a", "a#1", "a#1", "a#1#3"]
    replay.follow(logged([answer(n, id=name) for n, name in enumerate(names)]))
    assert replay.courses[0].indices == [0, 1, 2, 3, 4]


def test_shadows_among_the_lines_are_not_judged_and_count_as_lines() -> None:
    """The service leaves them out as well: another version gave them."""
    replay = replay_of()
    lines = [
        answer(n, **({"error": "oops", "tags": {"shadow_of": "x"}} if n % 2 else {}))
        for n in range(80)
    ]
    assert events(replay, logged(lines)) == []
    assert replay.courses[0].indices == list(range(0, 80, 2))


def test_shadows_are_no_reference() -> None:
    """They are another version's answers."""
    shadows = usual(30, tags={"shadow_of": "x"})
    assert Replay({"p": Policy()}, [*usual(), *shadows], name="u").reference_size == 80


def test_grades_without_a_pair_are_named() -> None:
    """They have a part of their own in the evidence."""
    replay = Replay({"p": Policy()}, usual(grade=1.0), name="usual.jsonl")
    (event,) = events(replay, logged([answer(n, grade=0.0) for n in range(60)]))
    assert (event.kind, event.channel) == ("rollback", "grades")


def test_the_channel_named_is_the_one_that_adds_most_by_its_weight() -> None:
    """Faults without a weight win more than pairs and roll nothing back."""
    replay = replay_of(Policy(weights={"faults": 0.0, "golden": 0.0, "pairs": 1.0}))
    lines = logged([answer(n, error="oops", grade=0.0) for n in range(60)], 1.0)
    (event,) = events(replay, lines)
    assert (event.kind, event.channel) == ("rollback", "pairs")


def test_drift_is_not_named_where_it_may_not_roll_back() -> None:
    """However much it has won."""
    replay = replay_of()
    odd = [answer(n, output=f"No {n}.", error="oops" if n > 60 else None) for n in range(100)]
    found = events(replay, logged(odd))
    assert [(e.kind, e.channel.partition(".")[0]) for e in found] == [
        ("suspect", "drift"),
        ("rollback", "faults"),
    ]


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


def _ruled(when: str, action: str, **changes: object) -> Policy:
    return Policy(thresholds=rules.parse([{"when": when, "action": action}]), **changes)


def _slow(latency_s: float, baseline_s: float | None) -> list[tuple[int, Logged]]:
    """Return ten minutes of an answer every five seconds, with shadows of this latency."""
    found = []
    for number in range(120):
        at = START + timedelta(seconds=5 * number)
        own = answer(number, started_at=at, latency_s=latency_s)
        shadow = None
        if baseline_s is not None:
            shadow = replace(own, id=f"{own.id}#shadow", adapter="other", latency_s=baseline_s)
        found.append((number, Logged(exchange=own, names_adapter=True, shadow=shadow)))
    return found


_TWICE = "latency_p95_s > 2 x baseline for 5 min with at least 20 answers"


def test_a_rule_over_the_logs_own_minutes_rolls_back() -> None:
    """At the first answer after five whole minutes, where the baseline is quick on the same prompts."""
    (event,) = events(replay_of(_ruled(_TWICE, "rollback")), _slow(1.0, 0.2))
    assert (event.kind, event.channel, event.index) == ("rollback", "latency_p95_s", 60)
    assert "latency_p95_s above 2 x baseline for 5m (0.995 at last, limit 0.4018" in event.reason


def test_a_rule_on_operations_without_a_baseline_beside_it_is_told_and_moves_nothing() -> None:
    """The reference's own latency is the measure, and no proof of whose fault it is."""
    (event,) = events(replay_of(_ruled(_TWICE, "rollback")), _slow(1.0, None))
    assert (event.kind, event.channel) == ("held", "unattributed")
    assert events(replay_of(_ruled(_TWICE, "rollback")), _slow(0.3, None)) == []


def test_a_rule_that_only_alerts_is_told_once_and_the_replay_goes_on() -> None:
    """An alert is no alarm about the version."""
    replay = replay_of(_ruled("latency_p95_s > 0.5 for 2 min", "alert"))
    (event,) = events(replay, _slow(1.0, None))
    assert (event.kind, event.index) == ("alert", 24)
    assert replay.courses[0].judged == 120


def test_a_maintenance_window_of_the_log_holds() -> None:
    """By the log's own time."""
    night = Maintenance(windows=(Window(start=START, lasting=timedelta(hours=1)),))
    policy = _ruled("fault_rate > 0.5 for 2 min", "rollback", maintenance=night, line=1e300)
    lines = [
        (n, replace(each, exchange=replace(each.exchange, error="oops")))
        for n, each in _slow(0.2, None)
    ]
    assert {event.kind for event in events(replay_of(policy), lines)} <= {"held", "suspect"}
    open_ = replace(policy, maintenance=Maintenance())
    assert [event.kind for event in events(replay_of(open_), lines)][-1] == "rollback"


def test_the_cut_into_batches_changes_no_rule() -> None:
    """A minute counts when it is over, however the lines are read."""
    lines = _slow(1.0, 0.2)
    whole, parts = replay_of(_ruled(_TWICE, "rollback")), replay_of(_ruled(_TWICE, "rollback"))
    found = events(whole, lines)
    assert [e for start in range(0, 120, 7) for e in events(parts, lines[start : start + 7])] == (
        found
    )
