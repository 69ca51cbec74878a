"""Policies as people write them: to show, to check and to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A deployment's policy as it is written.

    Args:
        place: the file that holds it, `None` if it stands in the configuration itself.
        in_force: whether this text is what the service decides by; a text that was changed since
            the service started is not.
        digest: of the text, to see whether somebody else has changed it.
    """

    deployment: str
    text: str
    place: str | None
    in_force: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a policy's text; lines are counted from 1, `None` if it has no place."""

    line: int | None
    problem: str


class Policies(Protocol):
    """The policies' texts."""

    def text(self, deployment: str) -> PolicyText:
        """Return a deployment's policy. Raises `NotFound`."""

    def check(self, text: str) -> Sequence[Mistake]:
        """Return what is wrong with a text, empty if nothing is."""

    def save(
        self, deployment: str, text: str, *, replacing: str, actor: str, reason: str
    ) -> PolicyText:
        """Write a policy into its file, with an audit row.

        Args:
            replacing: digest of the text that it takes the place of.

        Raises `Conflict` if that text is no longer there or there is no file, `BadRequest` for a
        text that `check` refuses, `Unavailable` if the file cannot be written.
        """
