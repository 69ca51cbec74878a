"""What can go wrong, as a tree. An error's message says what is wrong and what to do.

BackstopError
├── ConfigError             the configuration cannot be used
├── BadRequest              the caller's input cannot be used
│   ├── BadAdapter          the adapter's files are refused
│   └── BadGoldenSet        the golden file cannot be used
├── NotFound                no such deployment, version, run, …
├── Conflict                the state does not allow it, or somebody else was faster
│   └── GateRefused         the golden gate does not let this version pass
├── Unauthorized            no token, or a wrong one
├── Forbidden               a good token whose role does not allow it
├── EngineError             the engine cannot do it
│   └── OutOfMemory         there is not enough memory for so much at once
├── UnreadableGoldenSet     what is stored of a golden set is damaged
├── DeliveryError           a message did not reach its receiver
│   └── ReceiverGone        the receiver says never to send again (410)
└── Unavailable             a part that is needed is away; try again
    ├── DatabaseUnavailable
    └── HostEnded           the process that answers a golden run ended
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class BackstopError(Exception):
    """Something that a person can read and act upon went wrong."""


class ConfigError(BackstopError):
    """The configuration cannot be used."""


class BadRequest(BackstopError):
    """The caller's input cannot be used."""


class BadAdapter(BadRequest):
    """The adapter's files are refused."""


class BadGoldenSet(BadRequest):
    """The golden file cannot be used."""


class NotFound(BackstopError):
    """There is no such thing."""


class Conflict(BackstopError):
    """The state does not allow it, or somebody else was faster."""


class GateRefused(Conflict):
    """The golden gate does not let this version pass; `numbers` are those of the golden run."""

    def __init__(self, message: str, *, numbers: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.numbers = dict(numbers or {})


class Unauthorized(BackstopError):
    """The token is missing or wrong."""


class Forbidden(BackstopError):
    """The role of who asks does not allow it."""


class EngineError(BackstopError):
    """The engine cannot do it."""


class OutOfMemory(EngineError):
    """There is not enough memory for so much at once."""


class UnreadableGoldenSet(BackstopError):
    """What is stored of a golden set is damaged."""


class DeliveryError(BackstopError):
    """A message did not reach its receiver."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ReceiverGone(DeliveryError):
    """The receiver says never to send again."""


class Unavailable(BackstopError):
    """A part that is needed is away; try again."""


class DatabaseUnavailable(Unavailable):
    """Postgres does not answer."""


class HostEnded(Unavailable):
    """The process that answers a golden run ended."""
