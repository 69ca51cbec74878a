"""Where a golden run's answers are written: in a process of its own, or beside the traffic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Engine
from monitor.ports.grading import Grader


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What answering took; `None` where nobody can tell.

    Args:
        device: what the answers were computed on, e.g. `cpu` or `cuda:0`; empty where a server does
            not tell.
        host_bytes, device_bytes: the most memory at once, on the host and on the device.
    """

    device: str = ""
    host_bytes: int | None = None
    device_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenHost:
    """An engine for one run, with the versions that it asked for.

    Args:
        grader: grades with this engine's likelihoods.
        usage: tells what answering has taken so far.
        identity: tells which base model is below the versions.
    """

    engine: Engine
    grader: Grader
    usage: Callable[[], Awaitable[Usage]]
    identity: Callable[[], Awaitable[BaseIdentity]]


class GoldenHosts(Protocol):
    """Opens a host for a run."""

    def opened(self, versions: Collection[str]) -> AbstractAsyncContextManager[GoldenHost]:
        """Open a host with versions loaded, beside the base model; close it afterwards.

        Raises:
            HostEnded: its process ended; what it is asked meanwhile ends with this, too.
            EngineError: a version does not load there, or there is no such device.
        """
