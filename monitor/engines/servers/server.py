"""What every engine that is a server can tell beside serving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.ports.engine import Engine, Naming


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server tells of itself.

    Args:
        version: of the server's program.
        base: whatever it tells that tells base models apart: names, paths, revisions, sizes.
    """

    kind: str
    model: str
    version: str
    base: Mapping[str, Any]

    @property
    def engine_id(self) -> str:
        """Name under which fingerprints are kept: another program's answers differ a little."""
        return f"{self.kind} {self.version} {self.model}"


class ModelServer(Engine, Protocol):
    """An engine at the other end of an HTTP connection."""

    @property
    def naming(self) -> Naming:
        """How requests that are relayed to it name a version."""

    async def facts(self) -> ServerFacts:
        """Ask the server what it is. Raises `EngineError`, `Unavailable`."""

    async def examine(self) -> tuple[str, ...]:
        """Return what keeps this server from serving versions, a sentence each; changes nothing.

        Raises `EngineError`, `Unavailable`.
        """

    async def close(self) -> None:
        """Close the connections; the server goes on."""
