"""What docs/rollback.md says of states, phases and points is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.runtime.failpoints import Failpoint
from rollback.incident import STEPS
from rollback.moves import MOVES

_DOC = (Path(__file__).parents[3] / "docs" / "rollback.md").read_text()


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the table that a heading begins."""
    table = _DOC.partition(heading)[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _named(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w[\w ]*\w", cell))


def test_every_move_of_a_deployment_is_drawn_as_it_is() -> None:
    """From where, what, by whom and whereto."""
    told = {
        (before, move): (_named(who), _named(to))
        for before, move, who, to, _ in _rows("| from | move | who may |")
    }
    assert told == {
        (standing.value, move.value): (
            frozenset({"a person", *(("Backstop",) if arrow.by_itself else ())}),
            frozenset(to.value for to in arrow.to),
        )
        for (standing, move), arrow in MOVES.items()
    }


def test_every_phase_of_an_incident_is_drawn_as_it_is() -> None:
    """With what follows on it."""
    told = {phase: _named(following) for phase, _, following, _, _ in _rows("| phase | means |")}
    assert told == {
        phase.value: frozenset(step.value for step in steps) for phase, steps in STEPS.items()
    }


def test_every_point_has_a_row() -> None:
    """In the order in which they are passed."""
    assert [point for point, _ in _rows("| point | what")] == [each.value for each in Failpoint]
