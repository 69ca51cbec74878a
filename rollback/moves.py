"""What may be done to a deployment, by whom, and how it stands then.

`docs/rollback.md` draws it; a test holds the drawing against this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rollback.actors import is_person
from rollback.deployment import Deployment
from rollback.errors import IllegalTransition


class Standing(Enum):
    """How a deployment stands."""

    BASE = "base"  # means that the base model serves
    PROBATION = "probation"  # means that a version serves which has not shown itself good yet
    CONFIRMED = "confirmed"  # means that live traffic confirmed the version that serves
    FROZEN = "frozen"  # means that nothing moves by itself until a person decides


class Move(Enum):
    """What is done to a deployment."""

    PROMOTE = "promote"  # means that a version passed the gate, or was forced past it
    ROLLBACK = "rollback"  # means that the version that serves is taken out
    CONFIRM = "confirm"  # means that its own answers become its reference
    FREEZE = "freeze"  # means that harm is shown and nothing may be done about it
    THAW = "thaw"  # means that a person has looked


@dataclass(frozen=True, slots=True)
class Arrow:
    """Where a move may lead, and whether it may happen without a person."""

    to: frozenset[Standing]
    by_itself: bool


_SERVES = frozenset({Standing.PROBATION, Standing.CONFIRMED})
_BACK = frozenset({Standing.BASE, *_SERVES})

MOVES: Mapping[tuple[Standing, Move], Arrow] = {
    (Standing.BASE, Move.PROMOTE): Arrow(_SERVES, by_itself=True),
    (Standing.BASE, Move.FREEZE): Arrow(frozenset({Standing.FROZEN}), by_itself=True),
    (Standing.PROBATION, Move.PROMOTE): Arrow(_SERVES, by_itself=True),
    (Standing.PROBATION, Move.ROLLBACK): Arrow(_BACK, by_itself=True),
    (Standing.PROBATION, Move.CONFIRM): Arrow(frozenset({Standing.CONFIRMED}), by_itself=True),
    (Standing.PROBATION, Move.FREEZE): Arrow(frozenset({Standing.FROZEN}), by_itself=True),
    (Standing.CONFIRMED, Move.PROMOTE): Arrow(_SERVES, by_itself=True),
    (Standing.CONFIRMED, Move.ROLLBACK): Arrow(_BACK, by_itself=True),
    (Standing.CONFIRMED, Move.FREEZE): Arrow(frozenset({Standing.FROZEN}), by_itself=True),
    (Standing.FROZEN, Move.PROMOTE): Arrow(_SERVES, by_itself=False),
    (Standing.FROZEN, Move.ROLLBACK): Arrow(_BACK, by_itself=False),
    (Standing.FROZEN, Move.CONFIRM): Arrow(frozenset({Standing.FROZEN}), by_itself=True),
    (Standing.FROZEN, Move.FREEZE): Arrow(frozenset({Standing.FROZEN}), by_itself=True),
    (Standing.FROZEN, Move.THAW): Arrow(_BACK, by_itself=False),
}


def standing_of(deployment: Deployment) -> Standing:
    """Return how a deployment stands."""
    if deployment.frozen is not None:
        return Standing.FROZEN
    if deployment.active is None:
        return Standing.BASE
    return Standing.CONFIRMED if deployment.confirmed else Standing.PROBATION


def of_change(before: Deployment, after: Deployment) -> tuple[Move, ...]:
    """Return the moves that a change of a deployment's marks is."""
    found = []
    if after.confirmed and not before.confirmed:
        found.append(Move.CONFIRM)
    if after.frozen != before.frozen:
        found.append(Move.THAW if after.frozen is None else Move.FREEZE)
    return tuple(found)


def require(deployment: Deployment, move: Move, *, actor: str) -> None:
    """Let a move happen, or say why not.

    Raises:
        IllegalTransition: if it is none from here, or none without a person.
    """
    standing = standing_of(deployment)
    arrow = MOVES.get((standing, move))
    if arrow is None:
        raise IllegalTransition(f"{deployment.name} is {standing.value}: no {move.value} from here")
    if not arrow.by_itself and not is_person(actor):
        raise IllegalTransition(
            f"{deployment.name} is {standing.value} ({deployment.frozen}): "
            f"a {move.value} needs a person"
        )
