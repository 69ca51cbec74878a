"""One deployment's judge: which answers are for it, and what it starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guards.exchange import Exchange, FinishReason
from guards.reference import Reference
from monitor.ports.record import Observed
from monitor.runtime import watched
from monitor.runtime.watched import Watched
from rollback.deployment import Deployment
from rollback.observation import Observation
from rollback.policy import Policy
from tests.handed import NAME, START, VERSION, deployment, exchange

FORMAT_4 = Path(__file__).parent / "states" / "format_4.json"


def observed(number: int, *, fault: bool = False, **changes: Any) -> Observed:
    """Return what judges are told of a live answer."""
    usual: dict[str, Any] = {
        "deployment": NAME,
        "adapter": VERSION,
        "epoch": 1,
        "own_reference": False,
        "observation": Observation(exchange_id=f"answer-{number}", at=START, fault=fault),
    }
    return Observed(**{**usual, **changes})


def _faulty(number: int, scores: Mapping[str, float], **changes: Any) -> Observed:
    each = observed(number, fault=True, **changes)
    return replace(each, observation=replace(each.observation, scores=scores))


def begun(pointer: Deployment | None = None, position: int = 0) -> Watched:
    """Return a deployment whose judge begins."""
    return watched.begun(pointer or deployment(), Policy(), None, position)


def _cut(number: int) -> Exchange:
    return exchange(number, finish_reason=FinishReason.LENGTH)


@pytest.mark.parametrize(
    "changes",
    [{"epoch": 0}, {"adapter": "support@222222222222"}, {"adapter": None}],
)
def test_answers_that_are_not_for_this_judge_are_passed_over(changes: dict[str, Any]) -> None:
    """Of another epoch, or of another version."""
    points = begun().judge_all([observed(1), observed(2, **changes), observed(3)])
    assert [point.position for point in points] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "before"),
    [
        ({}, False),
        ({"epoch": 0, "own_reference": True}, False),
        ({"epoch": 2}, True),
        ({"own_reference": True}, True),
    ],
)
def test_a_judge_knows_when_the_pointers_have_moved_on(
    changes: dict[str, Any], before: bool
) -> None:
    """A later epoch, or a version that was confirmed meanwhile."""
    assert begun().is_before(observed(1, **changes)) is before


@pytest.mark.parametrize(("own", "suspected"), [(True, True), (False, False)])
def test_scores_count_only_against_the_reference_in_force(own: bool, suspected: bool) -> None:
    """Of what was scored just before a confirmation each answer and its fault count all the same."""
    reference = Reference.fit([exchange(n) for n in range(60)], seed=0)
    judge = watched.begun(deployment(confirmed=True), Policy(), reference)
    odd = dict.fromkeys(reference.channels, 1e9)
    point = judge.judge_all([_faulty(n, odd, own_reference=own) for n in range(90)])[-1]
    assert (point.position, point.channels["faults"] > 1.0) == (90, True)
    assert (point.suspicion > 1000.0) is suspected


def test_what_is_read_late_of_an_older_epoch_confirms_nothing() -> None:
    """A control loop may have read the pointers before the last flip."""
    judge = begun(deployment(epoch=2))
    assert judge.is_confirmed_by(deployment(epoch=2, confirmed=True))
    assert not judge.is_confirmed_by(deployment(epoch=1, confirmed=True))


def test_evidence_that_falls_again_is_kept_where_it_reached_the_line() -> None:
    """What counts is that it did."""
    judge = begun()
    judge.judge_all([observed(n, fault=True) for n in range(60)])
    judge.judge_all([observed(n) for n in range(60, 2000)])
    point = judge.point
    assert judge.is_urgent
    assert point is not None
    assert point.evidence >= point.line


def test_a_reference_in_which_every_answer_is_faulty_can_be_judged_by() -> None:
    """Where every usual answer is cut, the judge starts, and a cut answer is no news."""
    reference = Reference.fit([_cut(i) for i in range(60)], seed=0)
    judge = watched.begun(deployment(), Policy(), reference)
    point = judge.judge_all([observed(n, fault=True) for n in range(50)])[-1]
    assert point.evidence < point.line


@pytest.mark.parametrize("found", [{}, {"format": 1, "judge": {"of": "another version"}}])
def test_a_state_of_another_format_begins_anew(found: dict[str, Any]) -> None:
    """Neither an older nor a newer version's state stops the service; positions count on."""
    saved = replace(begun(position=41).state(NAME), state=found)
    restored = watched.restored(deployment(), Policy(), None, saved)
    assert restored.judge.position == 41
    assert restored.point is None


def test_the_harm_of_an_older_format_goes_on() -> None:
    """As format 4 was written: its golden sum was not fair, callers and traffic it knew none."""
    written = json.loads(FORMAT_4.read_text(encoding="utf-8"))
    saved = replace(begun(position=5).state(NAME), position=5, state=written)
    restored = watched.restored(deployment(), Policy(), None, saved)
    state = restored.judge.state()
    assert {name: state[name] for name in ("faults", "pairs", "graded")} == {
        name: written["judge"][name] for name in ("faults", "pairs", "graded")
    }
    assert state["golden"] == [0.0] * 5
    assert restored.crossing is not None
    assert (restored.judge.position, restored.judge.crossed) == (5, True)
    assert not restored.judge.suspected


def test_the_golden_sums_of_the_format_before_go_on() -> None:
    """They are what they are now; only the cap was kept in another way."""
    judge = begun()
    judge.judge_all([observed(n, fault=True) for n in range(3)])
    judge.judge.observe_golden([-0.2] * 30, 30, at=START)
    saved = judge.state(NAME)
    written = {**saved.state["judge"], "format": 5, "callers": {"recent": []}}
    older = replace(saved, state={**saved.state, "format": 6, "judge": written})
    restored = watched.restored(deployment(), Policy(), None, older)
    assert restored.judge.point == judge.judge.point


def test_a_reference_of_other_channels_begins_drift_anew_and_leaves_harm() -> None:
    """What was scored against other channels cannot go on; faults need none."""
    reference = Reference.fit([exchange(n) for n in range(60)], seed=0)
    name = next(iter(reference.channels))
    fewer = replace(reference, channels={name: reference.channels[name]}, usual=None)
    judge = watched.begun(deployment(), Policy(), reference)
    odd = dict.fromkeys(reference.channels, 1e9)
    judge.judge_all([_faulty(n, odd) for n in range(5)])
    saved = judge.state(NAME)
    restored = watched.restored(deployment(), Policy(), fewer, saved).judge
    assert (restored.channels, restored.position) == ((name,), 5)
    assert restored.state()["faults"] == saved.state["judge"]["faults"]
    assert restored.state()["drift"] != saved.state["judge"]["drift"]
    same = watched.restored(deployment(), Policy(), reference, saved).judge
    assert same.state()["drift"] == saved.state["judge"]["drift"]


def test_a_state_of_this_format_is_restored() -> None:
    """What was saved goes on with its evidence."""
    judge = begun()
    judge.judge_all([observed(n, fault=True) for n in range(5)])
    restored = watched.restored(deployment(), Policy(), None, judge.state(NAME))
    assert restored.judge.point == judge.judge.point
