"""What people say of a version for its card: what no file and no run can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

FACT = "card"  # the version's fact under which its statement is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A version's statement; what is empty was not said.

    Args:
        base_model: how the base model is called where it came from, e.g. `org/name`.
        data: where the training data came from, whom it concerns, on what ground it is used.
        base_licence, data_licence: under which the base model and the data may be used.
    """

    intended_use: str = ""
    limits: str = ""
    data: str = ""
    base_model: str = ""
    base_licence: str = ""
    data_licence: str = ""
    language: str = ""

    def as_mapping(self) -> dict[str, str]:
        """Return what was said."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: text for name, text in said.items() if text}


def parse(mapping: Mapping[str, Any]) -> Statement:
    """Return the statement that a mapping holds.

    Raises:
        ValueError: for an unknown key, or a value that is no text.

    >>> parse({"limits": "English only"}).limits
    'English only'
    """
    known = [each.name for each in fields(Statement)]
    for key, value in mapping.items():
        if key not in known:
            raise ValueError(f"{key!r} is no part of a card; say {', '.join(known)}")
        if not isinstance(value, str):
            raise ValueError(f"{key} must be a text")
    return Statement(**mapping)


def of(facts: Mapping[str, Any]) -> Statement:
    """Return the statement among a version's facts; an empty one if nothing readable is there."""
    told = facts.get(FACT)
    try:
        return parse(told) if isinstance(told, Mapping) else Statement()
    except ValueError:
        return Statement()
