"""Why there is no answer, or only a part of one.

UpstreamError
├── Unreachable   there is no connection: nothing was asked
├── Full          every place is taken: nothing was asked
├── Late          nothing came in time
├── Broken        the server closed, stalled or broke the protocol before the answer's end
└── CallerGone    nobody waits for the answer any more
"""

from __future__ import annotations

from monitor.errors import BackstopError


class UpstreamError(BackstopError):
    """There is no answer, or only a part of one."""


class Unreachable(UpstreamError):
    """The server cannot be connected to."""


class Full(UpstreamError):
    """As many requests as may be are with the server already."""


class Late(UpstreamError):
    """The server has not begun to answer in time."""


class Broken(UpstreamError):
    """The server closed, stalled or broke the protocol before the answer's end."""


class CallerGone(UpstreamError):
    """The caller has closed the connection."""
