"""What the operator's surfaces work with, handed in by who wires the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from monitor.config import TrustedProxy
from monitor.ports.operations import Operations
from monitor.ports.policies import Policies
from monitor.ports.stores import Stores
from monitor.web.live import Live
from monitor.web.rarity import References
from monitor.web.refusals import Refusals
from monitor.web.sessions import Sessions
from monitor.web.tokens import OperatorTokens
from rollback.audit_anchors import Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What the operator API, the dashboard and the probes work with.

    Args:
        clock: returns the present as a timezone-aware time.
        registry: metrics of the whole process, for `/metrics`.
        anchors: returns heads of the audit trail that are kept outside of the database; blocks.
    """

    stores: Stores
    operations: Operations
    tokens: OperatorTokens
    sessions: Sessions
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    refusals: Refusals
    policies: Policies
    references: References
    live: Live
    anchors: Callable[[], Sequence[Anchor]]
    trusted_proxy: TrustedProxy | None = None


async def _web(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


Context = Annotated[Web, Depends(_web)]
