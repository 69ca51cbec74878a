"""The vectors of answers, made beside the scoring: what there is no time for is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from guards.exchange import Exchange
from guards.novelty import Embed, Embedded, EmbeddedBy


class Embeddings(Protocol):
    """Where the scorer has the vectors of answers from."""

    @property
    def by(self) -> EmbeddedBy | None:
        """What makes them; `None` while that is not there."""

    @property
    def for_references(self) -> Embed | None:
        """What makes the vectors of a reference, and blocks; `None` if references need none."""

    async def live(self, exchanges: Sequence[Exchange], due: Sequence[int]) -> Embedded | None:
        """Return vectors of answers, NaN for those that are left out; soon, and raises nothing.

        Args:
            due: rows of those that are held against a reference of these vectors.
        """

    def health(self) -> Mapping[str, str]:
        """Return what is wrong; nothing if all is well."""


class NoModel:
    """Embeddings where each reference embeds for itself."""

    by: EmbeddedBy | None = EmbeddedBy()
    for_references: Embed | None = None

    async def live(self, exchanges: Sequence[Exchange], due: Sequence[int]) -> Embedded | None:
        """Return nothing: no vectors are needed."""
        return None

    def health(self) -> Mapping[str, str]:
        """Return nothing: there is nothing that could fail."""
        return {}
