"""Control is killed at every named point of a promotion and a rollback, and at every pair of them."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from bench.peers import postgres
from monitor.runtime.failpoints import Failpoint
from tests.chaos.failing import LIMIT_S, Course, failing

PAIRS = tuple(itertools.product(Failpoint, repeat=2))
# One of each kind of step, so that the whole suite sees the way there and back within seconds.
FEW = (
    Failpoint.PROMOTE_FLIPPED,
    Failpoint.ROLLBACK_FLIPPED,
    Failpoint.ALERT_SENT,
)


@pytest.mark.e2e
@pytest.mark.slow
async def test_a_kill_at_a_point_leaves_one_rollback_and_one_alert(
    short_path: Path, server_url: str
) -> None:
    """One of everything, whatever was under way; what is desired answers within ten seconds."""
    courses = await _run(short_path, server_url, [(point,) for point in FEW])
    assert [course.reached for course in courses] == [1] * len(FEW)
    _require_sound(courses)


@pytest.mark.chaos
async def test_kills_at_every_pair_of_points(short_path: Path, server_url: str) -> None:
    """The same after a second kill, in the middle of the recovery from the first one."""
    courses = await _run(short_path, server_url, [*((point,) for point in Failpoint), *PAIRS])
    _sum_up(courses)
    _require_sound(courses)
    assert {course.points[0] for course in courses if course.reached} == set(Failpoint)


async def _run(folder: Path, server: str, cases: Sequence[Sequence[Failpoint]]) -> list[Course]:
    database = postgres.new_database(server, f"points_{uuid4().hex}")
    courses = []
    async with failing(folder, database) as scene:
        for points in cases:
            courses.append(await scene.cycle(points))
            _show(courses[-1])
            await scene.ready_again()
    return courses


def _require_sound(courses: Sequence[Course]) -> None:
    wrong = [(_named(course), course.wrong) for course in courses if course.wrong]
    assert not wrong
    assert max(course.agreed_s for course in courses) <= LIMIT_S


def _show(course: Course) -> None:
    print(
        f"{_named(course):45} killed {course.reached} x, desired = actual after "
        f"{course.agreed_s:5.2f} s, proved {course.proved_s:5.2f} s after the start"
        f"{'; WRONG: ' + '; '.join(course.wrong) if course.wrong else ''}",
        flush=True,
    )


def _sum_up(courses: Sequence[Course]) -> None:
    killed = [course.agreed_s for course in courses if course.reached]
    print(
        f"{len(courses)} courses, {sum(course.reached for course in courses)} kills; desired = "
        f"actual after {statistics.median(killed):.2f} s (median), {max(killed):.2f} s (worst)"
    )


def _named(course: Course) -> str:
    return " then ".join(point.value for point in course.points)
