"""What Postgres tells at once, so that nobody has to ask every moment."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from threading import Event
from typing import Protocol


class Topic(Enum):
    """What has changed."""

    POINTERS = "pointers"  # means that a deployment's row changed: route anew
    OBSERVATIONS = "observations"  # means that answers were recorded: judge them


class News(Protocol):
    """News of other processes' writes. Nothing may depend on it: news can be lost, so poll too."""

    def follow(self, told: Callable[[Topic], None], stop: Event) -> None:
        """Call back with each topic as it comes, until `stop` is set; blocks, on a thread.

        Connects anew by itself, for as long as Postgres is away, and tells every topic after each
        connect, since something may have been missed.
        """
