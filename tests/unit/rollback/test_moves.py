"""Tests of `rollback.moves`."""

from __future__ import annotations

import pytest

from rollback.deployment import Deployment
from rollback.errors import IllegalTransition
from rollback.moves import MOVES, Move, Standing, of_change, require, standing_of

_V1 = "support@111111111111"


@pytest.mark.parametrize(
    ("deployment", "standing"),
    [
        (Deployment(name="support"), Standing.BASE),
        (Deployment(name="support", active=_V1), Standing.PROBATION),
        (Deployment(name="support", active=_V1, confirmed=True), Standing.CONFIRMED),
        (Deployment(name="support", active=_V1, confirmed=True, frozen="why"), Standing.FROZEN),
    ],
)
def test_a_deployment_stands_as_its_marks_say(deployment: Deployment, standing: Standing) -> None:
    """A freeze says most."""
    assert standing_of(deployment) is standing


@pytest.mark.parametrize("move", [Move.PROMOTE, Move.ROLLBACK, Move.THAW])
def test_nothing_leads_out_of_a_freeze_without_a_person(move: Move) -> None:
    """Backstop itself may not; a person may."""
    frozen = Deployment(name="support", active=_V1, frozen="why")
    with pytest.raises(IllegalTransition, match="needs a person"):
        require(frozen, move, actor="backstop")
    require(frozen, move, actor="ann")


def test_the_base_model_is_not_rolled_back() -> None:
    """There is nothing beneath it."""
    with pytest.raises(IllegalTransition, match="no rollback from here"):
        require(Deployment(name="support"), Move.ROLLBACK, actor="ann")


def test_every_standing_can_be_left_and_reached() -> None:
    """Nothing is a dead end, and nothing is out of reach."""
    reached = {to for (before, _), arrow in MOVES.items() for to in arrow.to if to is not before}
    left = {before for (before, _), arrow in MOVES.items() if arrow.to - {before}}
    assert reached == left == set(Standing)


def test_a_change_is_the_moves_that_it_makes() -> None:
    """Both marks may change at once; what stays as it is makes no move."""
    before = Deployment(name="support", active=_V1)
    both = Deployment(name="support", active=_V1, confirmed=True, frozen="why")
    assert of_change(before, before) == ()
    assert of_change(before, both) == (Move.CONFIRM, Move.FREEZE)
    assert of_change(both, Deployment(name="support", active=_V1, confirmed=True)) == (Move.THAW,)
