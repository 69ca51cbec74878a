"""Aliases in registries of others that follow what serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class ServingAlias(Protocol):
    """A name in somebody else's registry for the version that serves."""

    def follow(self, facts: Mapping[str, Any]) -> str | None:
        """Let the alias name the version of these facts; return what was done, `None` if nothing.

        Raises `NotFound`, `Unavailable`.
        """
