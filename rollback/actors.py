"""Who acts: a person, or nobody in particular."""

from __future__ import annotations

AUTOMATIC = "backstop"  # the actor of what nobody ordered


def is_person(actor: str) -> bool:
    """Tell whether somebody answers for an act.

    >>> [is_person(actor) for actor in ("ann", "backstop", " ")]
    [True, False, False]
    """
    return actor.strip() not in ("", AUTOMATIC)
